import t from 'tap'
import { type ClientOptions, startClient } from '../../../../kernel/system/network/dhcp/client.ts'
import type { Lease } from '../../../../kernel/system/network/dhcp/lease.ts'
import { decode, encode, type Message } from '../../../../kernel/system/network/dhcp/message.ts'
import { code, messageType, numberOf } from '../../../../kernel/system/network/dhcp/options.ts'
import { reply, type ReplyOptions } from '../../fixtures/dhcp-server.ts'

/** A client on a network and a clock that exist only here. */
function simulate(options: { saved?: ClientOptions['saved']; failSends?: number } = {}) {
  let now = 0
  let timer: { at: number; callback: () => void } | undefined
  let receive: ((bytes: Uint8Array) => void) | undefined
  let failSends = options.failSends ?? 0
  const log: string[] = []
  const sent: Message[] = []
  const leases: Lease[] = []
  const client = startClient({
    identity: { mac: Uint8Array.of(2, 0, 0, 0, 0, 1), hostname: 'nodeos' },
    open(onData) {
      log.push('open')
      receive = onData
      return {
        send(bytes, to) {
          if (failSends-- > 0) throw new Error('network is unreachable')
          sent.push(decode(bytes)!)
          log.push(`send ${to}`)
        },
        close() {
          receive = undefined
          log.push('close')
        },
      }
    },
    clock: {
      now: () => now,
      timer(ms, callback) {
        const mine = { at: now + Math.min(ms, 2 ** 31 - 1), callback }
        timer = mine
        return () => {
          if (timer === mine) timer = undefined
        }
      },
    },
    random: () => 0.5,
    saved: options.saved,
    onGranted: (lease) => {
      leases.push(lease)
      log.push('granted')
    },
    onLost: (reason) => log.push(`lost ${reason}`),
    onError: (error) => log.push(`error ${error.message}`),
  })
  return {
    client,
    log,
    leases,
    sent,
    timerAt: () => timer?.at,
    answer: (type: keyof typeof messageType, more?: ReplyOptions) =>
      receive?.(encode(reply(sent.at(-1)!, type, more))),
    raw: (bytes: Uint8Array) => receive?.(bytes),
    /** Lets time pass until the next timer. */
    wake() {
      const due = timer
      if (due === undefined) throw new Error('no timer')
      timer = undefined
      now = due.at
      due.callback()
    },
  }
}

await t.test('four messages, one socket, which is closed while nothing is due', async (t) => {
  const net = simulate()
  net.answer('offer')
  net.answer('ack')
  const all = 'send 255.255.255.255'
  t.strictSame(net.log, ['open', all, all, 'close', 'granted'])
  t.equal(net.client.state(), 'bound')
  t.equal(net.timerAt(), 500_000)
  net.wake()
  net.answer('ack')
  t.strictSame(net.log.slice(5), ['open', 'send 192.0.2.1', 'close', 'granted'])
  t.equal(net.leases.length, 2)
})

await t.test('noise on the wire is ignored', async (t) => {
  const net = simulate()
  net.raw(new Uint8Array(3))
  net.raw(new Uint8Array(400))
  net.answer('offer')
  net.answer('ack')
  t.equal(net.client.state(), 'bound')
})

await t.test('a send that fails is told and tried again', async (t) => {
  const net = simulate({ failSends: 2 })
  t.strictSame(net.log, ['open', 'close', 'error network is unreachable'])
  net.wake()
  net.wake()
  net.answer('offer')
  net.answer('ack')
  t.equal(net.client.state(), 'bound')
  t.equal(numberOf(net.sent[0]!.options, code.messageType, 1), messageType.discover)
})

await t.test('lost, then found again', async (t) => {
  const net = simulate()
  net.answer('offer')
  net.answer('ack')
  for (let i = 0; i < 50 && net.client.state() !== 'selecting'; i++) net.wake()
  t.ok(net.log.includes('lost expired'))
  net.answer('offer', { address: '192.0.2.99' })
  net.answer('ack', { address: '192.0.2.99' })
  t.equal(net.leases.at(-1)?.address, '192.0.2.99')
})

await t.test('a time longer than a timer can wait', async (t) => {
  const net = simulate()
  const year = 365 * 86_400
  net.answer('offer', { lease: 2 * year })
  net.answer('ack', { lease: 2 * year })
  let wakes = 0
  for (; net.client.state() === 'bound' && wakes < 100; wakes++) net.wake()
  t.equal(net.client.state(), 'renewing')
  t.equal(wakes, Math.ceil((year * 1000) / (2 ** 31 - 1)))
})

await t.test('stopped, it is silent', async (t) => {
  const net = simulate()
  net.client.stop()
  t.equal(net.timerAt(), undefined)
  t.strictSame(net.log.slice(-1), ['close'])
})

await t.test('a saved lease that is in use needs no word and no socket', async (t) => {
  const earlier = simulate()
  earlier.answer('offer')
  earlier.answer('ack')
  const net = simulate({ saved: { lease: earlier.leases[0]!, inUse: true } })
  t.strictSame(net.log, [])
  t.equal(net.client.state(), 'bound')
  t.equal(net.timerAt(), 500_000)
})
