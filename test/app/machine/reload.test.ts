import { once } from 'node:events'
import { connect } from 'node:tls'
import t from 'tap'
import { certify } from '../../fixtures/certify.ts'
import { backend, until } from '../balancer/fixture.ts'
import { balance, inMachine } from './balance.ts'
import { askAfresh, askAgain, keepAsking, oneSession } from './load.ts'

const rounds = 8

function at(address: string): string {
  return `/api/pools/web/backends/${encodeURIComponent(address)}`
}

await t.test('backends and certificates change again and again, and no request fails', async (t) => {
  const [stays, comes, goes] = [await backend(t), await backend(t), await backend(t)]
  const pairs = [certify(t, 'even.example'), certify(t, 'odd.example')] as const
  const { machine, change, overview } = await balance(t, 'reload', [stays, goes], {
    config: {
      listeners: [
        { port: 8080 },
        { port: 8443, protocol: 'https', certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }] },
      ],
    },
    env: { CRT: pairs[0].certificate, KEY: pairs[0].key },
  })
  await until('both processes report', async () => (await overview()).processes === 2, 60_000)
  const [http, https] = [machine.hostPort(8080), machine.hostPort(8443)]
  const session = oneSession(https)
  const loads = [
    keepAsking(async () => askAgain(http)),
    keepAsking(async () => askAfresh(http, 'http')),
    keepAsking(async () => askAfresh(https, 'https')),
    keepAsking(session.ask),
  ]
  t.teardown(async () => Promise.all(loads.map(async ({ stop }) => stop())))

  const answers: number[] = []
  const make = async (...[method, path, body]: Parameters<typeof change>): Promise<void> => {
    answers.push(await change(method, path, body))
  }
  for (let round = 1; round <= rounds; round++) {
    const before = loads.map(({ asked }) => asked())
    await make('POST', '/api/pools/web/backends', { address: inMachine(comes), weight: 1 + (round % 3) })
    await make('PATCH', at(inMachine(stays)), { weight: 1 + (round % 5) })
    await make('PUT', '/api/certificates/8443', pairs[round % 2 === 0 ? 0 : 1])
    await make('PATCH', at(inMachine(goes)), { draining: true })
    await make('DELETE', at(inMachine(goes)))
    await until(
      'every load got an answer since',
      () => loads.every(({ asked }, index) => asked() > (before[index] ?? 0)),
      60_000,
    )
    await make('POST', '/api/pools/web/backends', { address: inMachine(goes) })
    await make('DELETE', at(inMachine(comes)))
  }
  t.same(new Set(answers), new Set([201, 200, 204]), 'every change was made')

  for (const { stop } of loads) {
    const { asked, failed } = await stop()
    t.same(failed, [], `of ${asked}`)
    t.ok(asked >= rounds)
  }
  session.close()
  t.ok(comes.count > 0 && goes.count > 0 && stays.count > 0, 'each had its share')
  for (let i = 0; i < 4; i++) t.equal(await subject(https), 'even.example', 'in both processes')
})

/** The name in the certificate that a listener shows. */
async function subject(port: number): Promise<unknown> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return CN
}
