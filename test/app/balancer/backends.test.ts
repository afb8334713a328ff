import { once } from 'node:events'
import { createServer as createHttps } from 'node:https'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { certify } from '../../lib/certify.ts'
import { backend, balancer, inFlight, oneRoute, portOf, say, until } from '../../lib/balancer.ts'

const health = { kind: 'none' }

/** A backend that answers everything with these bytes. */
async function says(t: Test, answer: string): Promise<{ address: string }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write(answer, 'latin1'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { address: `127.0.0.1:${portOf(server)}` }
}

function only(address: string, pool: object = {}): object {
  return { routes: [{ pool: 'web' }], pools: { web: { backends: [{ address }], health, ...pool } } }
}

await t.test("uses the backend's own server name for TLS, never the client's Host", async (t) => {
  const { certificate, key } = certify(t, 'app.internal', 'localhost')
  const names = new Set<unknown>()
  const server = createHttps({ cert: certificate, key }, ({ socket, headers }, response) => {
    if ('servername' in socket) names.add(socket.servername)
    response.end(headers.host)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const trust = { NODE_EXTRA_CA_CERTS: join(t.testdirName, 'crt') }
  const port = portOf(server)
  const web = {
    protocol: 'https',
    ejection: { failures: 1 },
    health: { interval: 0.1, timeout: 30, fall: 1 },
  }
  for (const [host, name] of [
    ['localhost', {}],
    ['127.0.0.1', { serverName: 'app.internal' }],
  ] as const) {
    const lb = await balancer(t, only(`${host}:${port}`, { ...web, ...name }), trust)
    for (let i = 0; i < 4; i++)
      t.match(await say(lb.port, get(`foreign${i}.example`)), /^HTTP\/1\.1 200 [^]*foreign/)
    const [seen] = (await lb.overview()).pools[0]?.backends ?? []
    t.match(seen, { state: 'up', errorRate: 0 })
  }
  t.same(names, new Set(['localhost', 'app.internal']), 'of checks, too')
  const wrong = await balancer(t, only(`127.0.0.1:${port}`, { ...web, health }), trust)
  t.match(await say(wrong.port, get('app.internal')), /^HTTP\/1\.1 502/, 'a client cannot choose the name')
})

function get(host = 'x', path = '/'): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
}

await t.test(
  'passes on informational responses before the response, also to a declined upgrade',
  async (t) => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'
    const { address } = await says(t, `${early}${early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`)
    const lb = await balancer(t, only(address))
    const both =
      /^(HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n\r\n){2}HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/
    t.match(await say(lb.port, get()), both)
    const upgrade = get().replace('close', 'Upgrade\r\nUpgrade: chat')
    t.match(await say(lb.port, upgrade), both)
  },
)

await t.test('responds with 502 to an invalid reason phrase', async (t) => {
  const { address } = await says(t, 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok')
  const lb = await balancer(t, only(address))
  t.match(await say(lb.port, get()), /^HTTP\/1\.1 502 Bad Gateway\r\n[^]*Bad Gateway\n$/)
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
})

await t.test('passes on a response of a backend that stopped reading the request', async (t) => {
  const [a, b] = [await backend(t, (_request, response) => response.end('of a')), await backend(t)]
  a.status = 503
  const backends = [{ address: a.address }, { address: b.address, weight: 0 }]
  const lb = await balancer(t, oneRoute([], { backends, health, ejection: { failures: 0 } }))
  const response = await lb.get()
  t.equal(response.status, 503)
  t.equal(await response.text(), 'of a')
})

await t.test('queues requests for a connection, up to the limit', async (t) => {
  const held: (() => void)[] = []
  const a = await backend(t, (_request, response) => void held.push(() => response.end('ok')))
  const lb = await balancer(t, {
    ...oneRoute([a], { connections: 1, queue: 2, health, retries: 0 }),
    timeouts: { connect: 300 },
  })
  const first = lb.get()
  await until('it is there', () => held.length === 1)
  const waiting = [lb.get(), lb.get()]
  await until('two wait', async () => (await inFlight(lb)) === 3)
  t.equal((await lb.get()).status, 503, 'there is no room for a third')
  const away = new AbortController()
  held.shift()?.()
  t.equal((await first).status, 200)
  await until('the next has its turn', () => held.length === 1)
  const gone = lb.get('/', { signal: away.signal }).catch(() => undefined)
  await until('another one waits', async () => (await inFlight(lb)) === 3)
  away.abort()
  await gone
  await until('and went away', async () => (await inFlight(lb)) === 2)
  for (const one of waiting) {
    held.shift()?.()
    t.equal((await one).status, 200)
    if (one !== waiting.at(-1)) await until('the next has its turn', () => held.length === 1)
  }
  t.equal(a.count, 3)
  t.match(await lb.overview(), { pools: [{ backends: [{ errorRate: 0, inflight: 0 }] }] })
})

await t.test('responds with 503 if the wait for a connection times out', async (t) => {
  const held: (() => void)[] = []
  const a = await backend(t, (_request, response) => void held.push(() => response.end('ok')))
  const lb = await balancer(t, {
    ...oneRoute([a], { connections: 1, queue: 2, health, retries: 0 }),
    timeouts: { connect: 0.5 },
  })
  const first = lb.get()
  await until('it is there', () => held.length === 1)
  t.equal((await lb.get()).status, 503)
  held.shift()?.()
  t.equal((await first).status, 200)
  t.equal(a.count, 1)
})

await t.test('sends queued requests to another backend, or on if theirs is removed', async (t) => {
  const held: (() => void)[] = []
  const a = await backend(t, (_request, response) => void held.push(() => response.end('of a')))
  const b = await backend(t, (_request, response) => response.end('of b'))
  const lb = await balancer(t, {
    ...oneRoute([a], { connections: 1, queue: 1, health }),
    timeouts: { connect: 30 },
  })
  const [one, two] = [lb.text(), lb.text()]
  await until('one waits', async () => held.length === 1 && (await inFlight(lb)) === 2)
  await lb.change('POST', '/api/pools/web/backends', { address: b.address })
  for (let i = 0; i < 3; i++) t.equal(await lb.text('/', { method: 'POST' }), 'of b')
  await lb.change('DELETE', `/api/pools/web/backends/${a.address}`)
  held.shift()?.()
  await until('the next has its turn', () => held.length === 1)
  held.shift()?.()
  t.same(await Promise.all([one, two]), ['of a', 'of a'])
})
