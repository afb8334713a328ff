import t from 'tap'
import type { Message } from '../../kernel/system/network/dhcp/message.ts'
import { code, messageType, numberOf } from '../../kernel/system/network/dhcp/options.ts'
import { startLan } from '../lib/lan.ts'
import { clientAddress, reply, serverAddress, word } from '../kernel/fixtures/dhcp-server.ts'
import { boot } from '../lib/machine.ts'

/** Seconds: renewal after 6, rebinding after 12. */
const times: [number, Uint8Array][] = [
  [code.renewalTime, word(6)],
  [code.rebindingTime, word(12)],
]
const lease = 18

await t.test('renews a lease, rebinds if its server is silent, and drops it when it expires', async (t) => {
  let [unicast, broadcast] = [true, true]
  const requests: string[] = []
  const lan = await startLan(serverAddress, (message: Message, to) => {
    const type = numberOf(message.options, code.messageType, 1)
    if (!(to === 'unicast' ? unicast : broadcast)) return undefined
    if (type === messageType.discover) return reply(message, 'offer', { lease, options: times })
    requests.push(`${to} ${message.ciaddr}`)
    return reply(message, 'ack', { lease, options: times })
  })
  t.teardown(() => lan.close())
  const machine = await boot(t, 'lease', {}, { netdev: lan.netdev, awaitHealth: false })
  t.match(await machine.waitFor('network.up'), {
    address: `${clientAddress}/24`,
    gateway: serverAddress,
    server: serverAddress,
    lease_s: lease,
  })
  await machine.waitFor('network.renewed', 2)
  const [first, ...renewals] = requests
  t.equal(first, 'broadcast 0.0.0.0')
  t.same(new Set(renewals), new Set([`unicast ${clientAddress}`]), 'the server itself is asked')

  unicast = false
  const before = machine.events('network.renewed').length
  await machine.waitFor('network.renewed', before + 1)
  t.equal(requests.at(-1), `broadcast ${clientAddress}`, 'then any server')

  broadcast = false
  t.match(await machine.waitFor('network.lost'), { address: `${clientAddress}/24`, reason: 'expired' })
  broadcast = true
  await machine.waitFor('network.up', 2)
  t.equal(machine.events('node.exited').length, 0)
})
