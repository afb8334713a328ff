import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { addressBytes, code, messageType, numberOf } from '../../kernel/system/network/dhcp/options.ts'
import { answerDns, refusal } from '../lib/dns.ts'
import { echo, icmp, protocol, udp } from '../lib/packets.ts'
import { startLan } from '../lib/lan.ts'
import { until } from '../lib/until.ts'
import { clientAddress, reply, serverAddress } from '../kernel/fixtures/dhcp-server.ts'
import { boot } from '../lib/machine.ts'

/** A machine on a segment where everything that it hears comes from here. */
const dnsPort = 53
const [server, client] = [serverAddress, clientAddress].map((address) => Buffer.from(addressBytes(address)))
if (server === undefined || client === undefined) throw new Error('no addresses')

let leases = 0
const lan = await startLan(serverAddress, (message) => {
  leases += 1
  const discovers = numberOf(message.options, code.messageType, 1) === messageType.discover
  return reply(message, discovers ? 'offer' : 'ack', { options: [[code.dns, addressBytes(serverAddress)]] })
})
t.teardown(() => lan.close())

const names = { 'backend.example': '198.51.100.7', 'refused.example': refusal.refused }
lan.onPacket(({ protocol: carried, from, payload }) => {
  if (carried !== protocol.udp || payload.readUInt16BE(2) !== dnsPort) return
  const asker = { address: from, port: payload.readUInt16BE() }
  lan.send([udp({ address: server, port: dnsPort }, asker, answerDns(payload.subarray(8), names))])
})

const machine = await boot(t, 'lan', {}, { netdev: lan.netdev, instance: { repl: true } })

async function evaluate(source: string): Promise<string> {
  const control = await machine.control()
  return control.call('repl', { source }).finally(() => control.close())
}

/** As Node does by default: by the C library. */
function lookup(name: string): Promise<string> {
  return evaluate(`await (await import('node:dns/promises')).lookup('${name}').catch(({ code }) => code)`)
}

await t.test('resolves names with the name server of the lease', async (t) => {
  t.equal(await lookup('backend.example'), "{ address: '198.51.100.7', family: 4 }")
  t.equal(await lookup('none.example'), "'ENOTFOUND'", 'there is no such name')
  t.equal(await lookup('refused.example'), "'EAI_AGAIN'", 'the refusal of a server is an error, not a hang')
})

await t.test('keeps its address while Node restarts, and requests no new lease', async (t) => {
  const answered = new Set<number>()
  lan.onPacket(({ protocol: carried, payload }) => {
    if (carried === protocol.icmp && payload[0] === icmp.echoReply) answered.add(payload.readUInt16BE(6))
  })
  const before = leases
  let sent = 0
  const done = new AbortController()
  const returned = machine.waitFor('health.ok', 2).finally(() => done.abort())
  void evaluate('process.kill(process.pid, "SIGKILL")').catch(() => undefined)
  for (; !done.signal.aborted; await wait(20)) lan.send([echo(server, client, sent++)])
  await returned
  await until('every ping is answered', () => answered.size === sent)
  t.ok(sent > 10, `${sent} pings`)
  t.equal(leases, before)
  t.match(machine.events('network.up'), [{ how: 'dhcp' }, { resumed: true }])
})
