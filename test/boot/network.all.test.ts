import t from 'tap'
import { untilFound } from '../lib/until.ts'
import { boot } from '../lib/machine.ts'

await t.test('static addresses', async (t) => {
  const machine = await boot(t, 'static', {
    network: {
      mode: 'static',
      address: '192.0.2.10/24',
      gateway: '192.0.2.2',
      dns: ['192.0.2.3'],
      search: ['example.org'],
      mtu: 1400,
      ipv6: 'off',
    },
  })
  const facts = (await machine.get('/machine')) as {
    interfaces: Record<string, { address: string; cidr: string }[]>
  }
  t.match(facts.interfaces['eth0'], [{ cidr: '192.0.2.10/24' }])
  t.equal(facts.interfaces['eth0']?.length, 1, 'no IPv6 address')
  t.equal(await machine.get('/file?path=/etc/resolv.conf'), 'nameserver 192.0.2.3\nsearch example.org\n')
  t.equal(String(await machine.get('/file?path=/sys/class/net/eth0/mtu')).trim(), '1400')
})

await t.test('configures IPv6 addresses from router advertisements', async (t) => {
  const machine = await boot(t, 'slaac', {})
  type Facts = { interfaces: Record<string, { address: string; family: string }[]> }
  const global = async (): Promise<string | undefined> =>
    ((await machine.get('/machine')) as Facts).interfaces['eth0']?.find(({ address }) =>
      address.startsWith('fec0:'),
    )?.address
  t.match(await untilFound('a global address', global), /^fec0:/)
})

await t.test('runs without a network', async (t) => {
  const machine = await boot(
    t,
    'no-network',
    { network: { mode: 'none' }, ports: [], app: { env: { PORT: '8080' } } },
    { awaitHealth: false },
  )
  await machine.waitFor('app.listening')
  t.notOk(machine.event('network.failed'))
})
