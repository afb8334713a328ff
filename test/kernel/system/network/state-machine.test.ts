import t from 'tap'
import type { Lease } from '../../../../kernel/system/network/dhcp/lease.ts'
import {
  advance,
  begin,
  type Context,
  type State,
  type Step,
  wakeAt,
} from '../../../../kernel/system/network/dhcp/state-machine.ts'
import {
  addressesOf,
  code,
  messageType,
  nameOf,
  numberOf,
} from '../../../../kernel/system/network/dhcp/options.ts'
import type { Outgoing } from '../../../../kernel/system/network/dhcp/message.ts'
import { clientAddress, reply, type ReplyOptions, serverAddress } from '../../fixtures/dhcp-server.ts'

const mac = Uint8Array.of(2, 0, 0, 0, 0, 1)
const identity = { mac, hostname: 'web-1' }
const at = (now: number, random = 0.5): Context => ({ now, random: () => random, identity })

const typeOf = (sent: Outgoing | undefined) => {
  const type = sent && numberOf(sent.message.options, code.messageType, 1)
  return Object.entries(messageType).find(([, value]) => value === type)?.[0]
}

function answer(step: Step, type: keyof typeof messageType, now: number, more?: ReplyOptions): Step {
  if (step.send === undefined) throw new Error('nothing to answer')
  return advance(step.state, reply(step.send.message, type, more), at(now))
}

/** A client that got its lease of 1000 s at the time 0. */
function bound(more?: ReplyOptions): { step: Step; lease: Lease } {
  const step = answer(answer(begin(undefined, at(0)), 'offer', 0, more), 'ack', 0, more)
  if (step.granted === undefined) throw new Error('not granted')
  return { step, lease: step.granted }
}

/** Advances through every wake-up until `until` or for `steps`; returns what was sent, when. */
function run(
  state: State,
  steps: number,
): { state: State; sent: [number, string | undefined][]; last: Step } {
  const sent: [number, string | undefined][] = []
  let last: Step = { state }
  for (let i = 0; i < steps; i++) {
    const now = wakeAt(last.state)
    last = advance(last.state, undefined, at(now))
    if (last.send) sent.push([now, typeOf(last.send)])
  }
  return { state: last.state, sent, last }
}

await t.test('DISCOVER, OFFER, REQUEST, ACK', async (t) => {
  const first = begin(undefined, at(0))
  t.equal(typeOf(first.send), 'discover')
  t.match(first.send, { to: '255.255.255.255', message: { op: 1, broadcast: true, ciaddr: '0.0.0.0' } })
  const { options } = first.send?.message ?? { options: new Map<number, Uint8Array>() }
  t.strictSame(options.get(code.clientId), Uint8Array.of(1, ...mac))
  t.equal(nameOf(options, code.hostname), 'web-1')
  for (const option of [1, 3, 6, 12, 15, 26, 28, 42, 51, 58, 59, 119, 121]) {
    t.ok(options.get(code.parameters)?.includes(option), `asks for option ${option}`)
  }

  const second = answer(first, 'offer', 10)
  t.equal(typeOf(second.send), 'request')
  t.equal(second.send?.to, '255.255.255.255')
  t.equal(second.send?.message.xid, first.send?.message.xid)
  t.strictSame(addressesOf(second.send?.message.options ?? new Map(), code.requestedAddress), [clientAddress])
  t.strictSame(addressesOf(second.send?.message.options ?? new Map(), code.server), [serverAddress])
  t.equal(second.granted, undefined, 'an offer is no lease')

  const third = answer(second, 'ack', 20)
  t.equal(third.state.name, 'bound')
  t.match(third.granted, { address: clientAddress, expiresAt: 1_000_010 }, 'counted from the request')
  t.equal(third.send, undefined)
  t.equal(wakeAt(third.state), 500_010)
})

await t.test('a DISCOVER without an answer is repeated with exponential backoff', async (t) => {
  const { sent } = run(begin(undefined, at(0)).state, 12)
  t.strictSame(
    sent.map(([, type]) => type),
    Array.from({ length: 12 }, () => 'discover'),
  )
  const times = sent.map(([time]) => time)
  t.strictSame(times.slice(0, 6), [250, 750, 1750, 3750, 7750, 15_750])
  t.equal((times[11] ?? 0) - (times[10] ?? 0), 64_000, 'at least once a minute or so')
})

await t.test('repeats are spread at random', async (t) => {
  t.equal(wakeAt(begin(undefined, at(0, 0)).state), 200)
  t.equal(wakeAt(begin(undefined, at(0, 0.999)).state), 250 * (0.8 + 0.4 * 0.999))
})

await t.test('waking early changes nothing', async (t) => {
  const { state } = begin(undefined, at(0))
  t.strictSame(advance(state, undefined, at(100)), { state })
})

await t.test('an offer without a confirmation is abandoned', async (t) => {
  const { sent, state } = run(answer(begin(undefined, at(0)), 'offer', 0).state, 4)
  t.strictSame(
    sent.map(([, type]) => type),
    ['request', 'request', 'request', 'discover'],
  )
  t.equal(state.name, 'selecting')
})

await t.test('messages that are not for us are ignored', async (t) => {
  const first = begin(undefined, at(0))
  const message = reply(first.send!.message, 'offer')
  const others = [
    { ...message, xid: (message.xid + 1) >>> 0 },
    { ...message, op: 1 as const },
    { ...message, chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9) },
    { ...message, yiaddr: '0.0.0.0' },
    reply(first.send!.message, 'ack'),
    reply(first.send!.message, 'nak'),
  ]
  for (const other of others) t.equal(advance(first.state, other, at(1)).state.name, 'selecting')

  const second = answer(first, 'offer', 1)
  t.equal(answer(second, 'ack', 2, { server: '192.0.2.66' }).state.name, 'requesting', 'another server')
  t.equal(answer(second, 'nak', 2, { server: '192.0.2.66' }).state.name, 'requesting')
  t.equal(answer(second, 'offer', 2).state.name, 'requesting', 'a second offer')
  t.equal(advance(bound().step.state, message, at(3)).state.name, 'bound')
})

await t.test('a refused request starts over, more slowly each time', async (t) => {
  let step = answer(answer(begin(undefined, at(0)), 'offer', 0), 'nak', 0)
  t.match(step.state, { name: 'waiting', until: 500 })
  t.equal(step.lost, undefined, 'there was nothing to lose')
  step = advance(step.state, undefined, at(500))
  t.equal(typeOf(step.send), 'discover')
  step = answer(answer(step, 'offer', 500), 'nak', 500)
  t.match(step.state, { name: 'waiting', until: 1500 })
})

await t.test('half-way the server is asked for more time, directly', async (t) => {
  const { step, lease } = bound()
  const renewal = advance(step.state, undefined, at(500_000))
  t.equal(renewal.state.name, 'renewing')
  t.match(renewal.send, { to: serverAddress, message: { ciaddr: clientAddress, broadcast: false } })
  t.equal(typeOf(renewal.send), 'request')
  t.notOk(renewal.send?.message.options.has(code.requestedAddress), 'RFC 2131, table 5')
  t.notOk(renewal.send?.message.options.has(code.server))
  t.not(renewal.send?.message.xid, undefined)
  const renewed = answer(renewal, 'ack', 500_100)
  t.match(renewed, { state: { name: 'bound' }, granted: { address: lease.address, expiresAt: 1_500_000 } })
})

await t.test('a server that does not name itself on renewal is still the same', async (t) => {
  const renewal = advance(bound().step.state, undefined, at(500_000))
  const renewed = answer(renewal, 'ack', 500_100, { options: [[code.server, new Uint8Array()]] })
  t.equal(renewed.granted?.server, serverAddress)
})

await t.test('no answer: repeated, then everybody is asked, then the address is given up', async (t) => {
  const { sent, last } = run(bound().step.state, 8)
  t.strictSame(sent, [
    [500_000, 'request'],
    [687_500, 'request'],
    [781_250, 'request'],
    [841_250, 'request'],
    [875_000, 'request'],
    [937_500, 'request'],
    [997_500, 'request'],
    [1_000_000, 'discover'],
  ])
  t.match(last, { lost: 'expired', state: { name: 'selecting' } })

  const rebinding = run(bound().step.state, 5).last
  t.match(rebinding.send, { to: '255.255.255.255', message: { ciaddr: clientAddress } })
  const other = { server: '192.0.2.66' }
  t.match(
    answer(rebinding, 'ack', 876_000, other),
    { granted: { server: '192.0.2.66' } },
    'any server will do',
  )
})

await t.test('a refused renewal loses the address at once', async (t) => {
  const renewal = advance(bound().step.state, undefined, at(500_000))
  const refused = answer(renewal, 'nak', 500_100)
  t.equal(refused.lost, 'refused')
  t.equal(typeOf(refused.send), 'discover')
})

await t.test('waking long after the end', async (t) => {
  const late = advance(bound().step.state, undefined, at(5_000_000))
  t.match(late, { lost: 'expired', state: { name: 'selecting' } })
})

await t.test('a lease for ever is never renewed', async (t) => {
  t.equal(wakeAt(bound({ lease: 0xffffffff }).step.state), Infinity)
})

await t.test('a lease of an earlier process whose address is set goes on', async (t) => {
  const { lease } = bound()
  const early = begin({ lease, inUse: true }, at(1000))
  t.match(early, { state: { name: 'bound' }, send: undefined }, 'nothing is sent')
  t.equal(wakeAt(early.state), 500_000)
  t.equal(begin({ lease, inUse: true }, at(600_000)).state.name, 'renewing')
  t.equal(begin({ lease, inUse: true }, at(900_000)).state.name, 'rebinding')
  t.equal(begin({ lease, inUse: true }, at(1_000_000)).state.name, 'selecting', 'unless it is over')
})

await t.test('INIT-REBOOT: a lease whose address is not set is asked for again', async (t) => {
  const { lease } = bound()
  const first = begin({ lease, inUse: false }, at(1000))
  t.equal(first.state.name, 'rebooting')
  t.equal(typeOf(first.send), 'request')
  t.match(first.send, { to: '255.255.255.255', message: { ciaddr: '0.0.0.0', broadcast: true } })
  t.strictSame(addressesOf(first.send!.message.options, code.requestedAddress), [clientAddress])
  t.notOk(first.send!.message.options.has(code.server), 'RFC 2131, table 5')
  t.match(answer(first, 'ack', 1100), { granted: { address: clientAddress } })
  t.equal(typeOf(answer(first, 'nak', 1100).send), 'discover')
  t.equal(answer(first, 'nak', 1100).lost, undefined)
  const { sent } = run(first.state, 4)
  t.strictSame(
    sent.map(([, type]) => type),
    ['request', 'request', 'request', 'discover'],
  )
})
