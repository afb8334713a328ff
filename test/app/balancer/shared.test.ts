import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import { startCrew } from '../../lib/workers.ts'
import { until } from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

const changes = 12

const [port, https] = [await freePort(), await freePort()]
const crew = await startCrew(t, {
  listeners: [
    { port },
    { port: https, protocol: 'https', certificates: [{ certificate: 'env:NONE', key: 'env:NONE' }] },
  ],
  routes: [{ pool: 'web' }],
  pools: { web: { backends: [{ address: '127.0.0.1:1' }], health: { kind: 'none' } } },
})
const ask = async (method: string, path: string, body?: object): Promise<number> =>
  (await crew.ask(crew.admin, method, path, body)).status

/** The backends as two processes have them. */
async function views(): Promise<string[][]> {
  const all = [await crew.overview(), await crew.overview()]
  return all.map(({ pools }) => (pools[0]?.backends ?? []).map(({ id, weight }) => `${id} ${weight}`))
}

const backends = '/api/pools/web/backends'

/** The statuses of two answers, the lower one first. */
async function both(method: string, path: string, body?: object): Promise<number[]> {
  const answers = await Promise.all([ask(method, path, body), ask(method, path, body)])
  return answers.toSorted((a, b) => a - b)
}

async function put({ certificate, key }: { certificate: string; key: string }): Promise<number> {
  return ask('PUT', `/api/certificates/${https}`, { certificate, key })
}

await t.test('applies all concurrent changes of two processes, in both', async (t) => {
  const added = Array.from({ length: changes }, (_, index) => `127.0.0.1:${index + 2}`)
  const answers = await Promise.all(added.map(async (address) => ask('POST', backends, { address })))
  t.same(new Set(answers), new Set([201]))
  const [one, other] = await views()
  t.same(one?.toSorted(), ['127.0.0.1:1', ...added].map((address) => `${address} 1`).toSorted())
  t.same(other, one)
})

await t.test('rejects the later of two concurrent changes that conflict', async (t) => {
  t.same(await both('DELETE', `${backends}/127.0.0.1:2`), [204, 404])
  t.same(await both('POST', backends, { address: '127.0.0.1:2' }), [201, 400])
  const [one, other] = await views()
  t.equal(one?.length, changes + 1)
  t.same(other, one)
})

await t.test('both processes serve the same certificate', async (t) => {
  for (let round = 0; round < 3; round++) {
    const pairs = ['one.example', 'one.example', 'two.example'].map((name) => certify(t, name))
    t.same(await Promise.all(pairs.map(put)), [204, 204, 204])
    for (const name of ['one.example', 'two.example']) t.equal(await shown(name), await shown(name))
    const wanted = pairs.map(({ certificate }) => new X509Certificate(certificate).fingerprint256)
    t.ok(wanted.slice(0, 2).includes(await shown('one.example')))
    t.equal(await shown('two.example'), wanted[2])
  }
})

await t.test('a process that starts later has all changes', async (t) => {
  const before = await views()
  const [worker = 0] = crew.pids()
  process.kill(worker, 'SIGKILL')
  await until('there is another', () => {
    const now = crew.pids()
    return now.length === 2 && !now.includes(worker)
  })
  await until('it has them', async () => {
    const [one, other] = await views().catch(() => [])
    return one?.length === changes + 1 && other?.length === changes + 1
  })
  t.same(
    (await views()).map((view) => view.toSorted()),
    before.map((view) => view.toSorted()),
  )
})

/** The certificate that the next process shows. */
async function shown(servername: string): Promise<string> {
  const socket = connect({ port: https, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}
