import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { basename } from 'node:path'
import t from 'tap'
import { UserError } from '../../../config/lib/errors.ts'
import { nextFreePort, portHolder, requireFreePorts } from '../../../deploy/qemu/ports.ts'

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

interface Advised {
  guest: number
  host: number
  protocol: 'tcp' | 'udp'
}

/** The ports that a hint advises. */
function advised(hint: string): [Advised, ...Advised[]] {
  const [, list = ''] = /"ports": (\[.*\])$/m.exec(hint) ?? []
  return (JSON.parse(list) as Advised[]).map((port) => ({ ...port, protocol: port.protocol ?? 'tcp' })) as [
    Advised,
    ...Advised[],
  ]
}

async function refusal(ports: readonly Advised[]): Promise<UserError> {
  const error = await requireFreePorts(ports, bind).catch((error: unknown) => error)
  if (error instanceof UserError) return error
  throw new Error('it was not refused', { cause: error })
}

for (const protocol of ['tcp', 'udp'] as const) {
  await t.test(`a ${protocol} port in use is named with its program and a free one`, async (t) => {
    const host = taken[protocol]
    t.equal(portHolder(host, protocol), `${basename(process.argv0)} (pid ${process.pid})`)
    const { message, hint = '' } = await refusal([{ guest: 80, host, protocol }])
    const [{ host: free }] = advised(hint)
    t.match(hint, /config\/local\.json[^]*npm run build/)
    t.match(message, new RegExp(`^host port ${host} is already in use by .*pid ${process.pid}`))
    t.ok(free > host)
    await requireFreePorts([{ guest: 80, host: free, protocol }], bind)
  })
}

await t.test('the other protocol is another port', async () => {
  const host = await nextFreePort(taken.tcp, 'udp', bind)
  await requireFreePorts([{ guest: 80, host, protocol: 'udp' }], bind)
})

await t.test('all ports in use are named at once, and the suggested list contains all ports', async (t) => {
  const free = await nextFreePort(taken.tcp + 1, 'tcp', bind)
  const ports = [
    { guest: 80, host: taken.tcp, protocol: 'tcp' as const },
    { guest: 443, host: free, protocol: 'tcp' as const },
    { guest: 53, host: taken.udp, protocol: 'udp' as const },
  ]
  const error = await refusal(ports)
  t.equal(error.message.split('\n').length, 2)
  const list = advised(error.hint ?? '')
  t.match(list, [
    { guest: 80, protocol: 'tcp' },
    { guest: 443, host: free, protocol: 'tcp' },
    { guest: 53, protocol: 'udp' },
  ])
  t.equal(new Set(list.map(({ host, protocol }) => `${host}/${protocol}`)).size, 3, 'none of them twice')
  await requireFreePorts(list, bind)
})

await t.test('a port of the machine that will be replaced is not in use', async (t) => {
  const ports = [{ guest: 80, host: taken.tcp, protocol: 'tcp' as const }]
  await requireFreePorts(ports, bind, ({ host }) => host === taken.tcp)
  await t.rejects(requireFreePorts(ports, bind, ({ host }) => host !== taken.tcp))
})

await t.test('an address of another host', async (t) => {
  const ports = [{ guest: 80, host: 8080, protocol: 'tcp' as const }]
  const message = 'deploy.options.bind: 203.0.113.1 is not an address of this host'
  await t.rejects(requireFreePorts(ports, '203.0.113.1'), { message })
  await t.rejects(nextFreePort(8080, 'tcp', '203.0.113.1'), { message })
})
