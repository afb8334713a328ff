import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { basename } from 'node:path'
import t from 'tap'
import { nextFreePort, portHolder, requireFreePorts } from '../../../deploy/targets/local/ports.ts'

const bind = '127.0.0.1'

const tcp = createServer().listen(0, bind)
await once(tcp, 'listening')
const udp = createSocket('udp4').bind(0, bind)
await once(udp, 'listening')
t.teardown(() => {
  tcp.close()
  udp.close()
})
const taken = { tcp: (tcp.address() as AddressInfo).port, udp: udp.address().port }

for (const protocol of ['tcp', 'udp'] as const) {
  await t.test(`a taken ${protocol} port is named with its holder and a free one`, async (t) => {
    const host = taken[protocol]
    t.equal(portHolder(host, protocol), `${basename(process.argv0)} (pid ${process.pid})`)
    const error = await requireFreePorts([{ guest: 80, host, protocol }], bind).catch((error: Error) => error)
    const [, free] = /(\d+) is free/.exec(error?.message ?? '') ?? []
    t.match(error?.message, new RegExp(`^host port ${host} is taken by .*pid ${process.pid}`))
    t.ok(Number(free) > host)
    await requireFreePorts([{ guest: 80, host: Number(free), protocol }], bind)
  })
}

await t.test('the other protocol is another port', async () => {
  const host = await nextFreePort(taken.tcp, 'udp', bind)
  await requireFreePorts([{ guest: 80, host, protocol: 'udp' }], bind)
})

await t.test('every taken port is named at once', async (t) => {
  const ports = [
    { guest: 80, host: taken.tcp, protocol: 'tcp' as const },
    { guest: 53, host: taken.udp, protocol: 'udp' as const },
  ]
  const error = await requireFreePorts(ports, bind).catch((error: Error) => error)
  t.equal(error?.message.split('\n').length, 2)
})

await t.test('an address that is not of this host', async (t) => {
  const ports = [{ guest: 80, host: 8080, protocol: 'tcp' as const }]
  await t.rejects(requireFreePorts(ports, '203.0.113.1'), /EADDRNOTAVAIL|is free on/)
  const own = ports.map((port) => ({ ...port, bind: '203.0.113.1' }))
  await t.rejects(requireFreePorts(own, bind), /EADDRNOTAVAIL|is free on/)
})
