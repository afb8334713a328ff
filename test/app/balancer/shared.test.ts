import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { root } from '../../../build/lib/paths.ts'
import { boot, bundle, freePort } from '../../kernel/fixtures/system.ts'
import { certify } from '../../fixtures/certify.ts'
import { type Overview, token, until } from './fixture.ts'

const changes = 12

const folder = t.testdir()
const system = await bundle(folder)
mkdirSync(join(folder, 'machine'))
const [port, admin, https] = [await freePort(), await freePort(), await freePort()]
const config = {
  listeners: [
    { port },
    { port: https, protocol: 'https', certificates: [{ certificate: 'env:NONE', key: 'env:NONE' }] },
  ],
  routes: [{ pool: 'web' }],
  pools: { web: { backends: [{ address: '127.0.0.1:1' }], health: { kind: 'none' } } },
  admin: { port: admin },
}
const { child } = await boot(system, join(folder, 'machine'), {
  entry: 'index.ts',
  app: {
    'package.json': '{"type":"module"}',
    'index.ts': `import ${JSON.stringify(join(root, 'app/index.ts'))}`,
  },
  processes: 2,
  env: { LB_CONFIG: JSON.stringify(config), ADMIN_TOKEN: token },
})
t.teardown(() => child.kill('SIGKILL'))
await until(
  'both processes report',
  async () => (await overview().catch(() => undefined))?.processes === 2,
  60_000,
)

/** Asks on a connection of its own: the processes take turns. */
async function ask(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> {
  const headers = { authorization: `Bearer ${token}` }
  const sent = request({ host: '127.0.0.1', port: admin, method, path, headers, agent: false })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = (await response.setEncoding('utf8').toArray()).join('')
  return { status: response.statusCode ?? 0, json: text === '' ? undefined : JSON.parse(text) }
}

async function overview(): Promise<Overview> {
  return (await ask('GET', '/api/backends')).json as Overview
}

/** The backends as two processes have them. */
async function views(): Promise<string[][]> {
  const all = [await overview(), await overview()]
  return all.map(({ pools }) => (pools[0]?.backends ?? []).map(({ id, weight }) => `${id} ${weight}`))
}

const backends = '/api/pools/web/backends'

/** The statuses of two answers, the lower one first. */
async function both(method: string, path: string, body?: object): Promise<number[]> {
  const answers = await Promise.all([ask(method, path, body), ask(method, path, body)])
  return answers.map(({ status }) => status).toSorted((a, b) => a - b)
}

async function put({ certificate, key }: { certificate: string; key: string }): Promise<number> {
  return (await ask('PUT', `/api/certificates/${https}`, { certificate, key })).status
}

await t.test('changes that are made at once through two processes are all made, in both', async (t) => {
  const added = Array.from({ length: changes }, (_, index) => `127.0.0.1:${index + 2}`)
  const answers = await Promise.all(added.map(async (address) => ask('POST', backends, { address })))
  t.same(new Set(answers.map(({ status }) => status)), new Set([201]))
  const [one, other] = await views()
  t.same(one?.toSorted(), ['127.0.0.1:1', ...added].map((address) => `${address} 1`).toSorted())
  t.same(other, one)
})

await t.test(
  'of two that take the same backend out, or bring one in, one is told that he was late',
  async (t) => {
    t.same(await both('DELETE', `${backends}/127.0.0.1:2`), [204, 404])
    t.same(await both('POST', backends, { address: '127.0.0.1:2' }), [201, 400])
    const [one, other] = await views()
    t.equal(one?.length, changes + 1)
    t.same(other, one)
  },
)

await t.test('both processes show the same certificate, whoever came last', async (t) => {
  for (let round = 0; round < 3; round++) {
    const pairs = ['one.example', 'one.example', 'two.example'].map((name) => certify(t, name))
    t.same(await Promise.all(pairs.map(put)), [204, 204, 204])
    for (const name of ['one.example', 'two.example']) t.equal(await shown(name), await shown(name))
    const wanted = pairs.map(({ certificate }) => new X509Certificate(certificate).fingerprint256)
    t.ok(wanted.slice(0, 2).includes(await shown('one.example')))
    t.equal(await shown('two.example'), wanted[2])
  }
})

await t.test('a process that starts later has what was changed', async (t) => {
  const before = await views()
  const worker = Number(pids()[0])
  process.kill(worker, 'SIGKILL')
  await until('there is another', () => {
    const now = pids()
    return now.length === 2 && !now.includes(String(worker))
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

/** Those that the primary has started. */
function pids(): string[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
  return children.split(' ').filter((pid) => pid !== '')
}

/** The certificate that the next process shows. */
async function shown(servername: string): Promise<string> {
  const socket = connect({ port: https, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}
