import t from 'tap'
import { code, messageType, numberOf } from '../../../kernel/system/network/dhcp/options.ts'
import { startLan } from '../../lib/lan.ts'
import { scanTcp, scanUdp } from '../../lib/scan.ts'
import { clientAddress, reply, serverAddress } from '../../kernel/fixtures/dhcp-server.ts'
import { boot } from '../../lib/machine.ts'

const lan = await startLan(serverAddress, (message) => {
  const discovers = numberOf(message.options, code.messageType, 1) === messageType.discover
  return reply(message, discovers ? 'offer' : 'ack')
})
t.teardown(() => lan.close())
const machine = await boot(
  t,
  'ports',
  {},
  {
    shipped: true,
    instance: { repl: true },
    netdev: lan.netdev,
    // Linux would report a closed UDP port only once a second.
    append: [
      'sysctl.net.ipv4.icmp_ratelimit=0',
      'sysctl.net.ipv4.icmp_msgs_per_sec=1000000',
      'sysctl.net.ipv4.icmp_msgs_burst=1000000',
    ].join(' '),
  },
)

await t.test("only the app's TCP ports accept connections (the segment has IPv4 only)", async (t) => {
  const { open, refused, silent } = await scanTcp(lan, serverAddress, clientAddress)
  t.same({ open, silent }, { open: [8080], silent: [] })
  t.equal(refused.length, 65_534)
})

await t.test('no UDP port is open (IPv4)', async (t) => {
  const query = Buffer.from('000001000001000000000000076578616d706c650000010001', 'hex')
  const { open, refused, silent } = await scanUdp(lan, serverAddress, clientAddress, query)
  t.same({ open, silent }, { open: [], silent: [] })
  t.equal(refused.length, 65_535)
})

await t.test("no UDP port is open over IPv6, according to the kernel's list of sockets", async (t) => {
  const control = await machine.control()
  const ports = async (table: string, state: string): Promise<string> =>
    control.call('repl', {
      source: `require('node:fs').readFileSync('/proc/net/${table}', 'utf8').split('\\n')
        .map((line) => line.trim().split(/\\s+/)).filter((fields) => fields[3] === '${state}')
        .map((fields) => Number.parseInt(fields[1].split(':')[1], 16)).join(' ')`,
    })
  // Those that listen, and those that hear from anybody.
  t.equal(await ports('tcp6', '0A'), "'8080'")
  t.equal(await ports('udp6', '07'), "''")
})
