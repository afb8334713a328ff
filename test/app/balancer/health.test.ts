import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { limit } from '../../lib/until.ts'
import { backend, balancer, oneRoute, type TestBackend, until } from '../../lib/balancer.ts'

await t.test('takes out a backend that fails its checks, and returns it when they pass', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([a, b]))
  const state = async (): Promise<string | undefined> =>
    (await lb.overview()).pools[0]?.backends.find(({ id }) => id === a.address)?.state
  a.status = 500
  await until('it is down', async () => (await state()) === 'down')
  t.match((await lb.overview()).pools[0]?.backends[0]?.reason, /the health check returned status 500/)
  const before = a.count
  for (let i = 0; i < 10; i++) t.equal(await lb.text(), b.address)
  t.equal(a.count, before)
  a.status = 200
  await until('it is up', async () => (await state()) === 'up')
  await lb.text()
  await lb.text()
  t.ok(a.count > before)
})

await t.test('retries on another backend if one is down', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([a, b], { health: { kind: 'none' } }))
  await a.stop()
  for (let i = 0; i < 6; i++) {
    const response = await lb.get('/', {
      method: i % 2 === 0 ? 'GET' : 'POST',
      ...(i % 2 === 0 ? {} : { body: 'x' }),
    })
    t.equal(response.status, 200, 'a POST that no backend has seen, too')
    t.equal(await response.text(), b.address)
  }
})

await t.test('consecutive failures eject a backend', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const ejection = { failures: 3, seconds: 3600 }
  const lb = await balancer(t, oneRoute([a, b], { health: { kind: 'none' }, ejection }))
  a.status = 503
  for (let i = 0; i < 12; i++) t.equal(await lb.text(), b.address, 'GET is retried')
  t.equal(a.count, 3, 'then it receives no more requests')
})

await t.test('failures that reach the client count towards ejection', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const ejection = { failures: 3, seconds: 3600 }
  const lb = await balancer(t, oneRoute([a, b], { health: { kind: 'none' }, ejection, retries: 0 }))
  a.status = 503
  for (let i = 0; i < 12; i++) await lb.text()
  t.equal(a.count, 3)
})

await t.test('an ejection expires', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const ejection = { failures: 1, seconds: 1 }
  const lb = await balancer(t, oneRoute([a, b], { health: { kind: 'none' }, ejection }))
  a.status = 503
  await until('it is ejected', async () => (await lb.text()) === b.address && a.count > 0)
  a.status = 200
  await until('it is back', async () => (await lb.text()) === a.address)
})

await t.test('does not resend a non-idempotent request that the backend may have received', async (t) => {
  const a = await backend(t, (request) => request.socket.destroy())
  const b = await backend(t, (request) => request.socket.destroy())
  const lb = await balancer(t, oneRoute([a, b], { health: { kind: 'none' }, ejection: { failures: 0 } }))
  t.equal((await lb.get('/', { method: 'POST', body: 'x' })).status, 502)
  t.equal(a.count + b.count, 1)
  t.equal((await lb.get('/', { method: 'PUT', body: 'x' })).status, 502)
  t.equal(a.count + b.count, 3, 'PUT is, once')
  const said = /"event":"backend failed".*"requestId":"[0-9a-f]+-/
  await until('it is said', () => said.test(lb.output()))
})

await t.test('retries on a new connection if the only backend closes an idle one', async (t) => {
  const a: TestBackend = await backend(t, (request, response) => {
    if (a.count % 2 === 0) request.socket.destroy()
    else response.end('ok')
  })
  const lb = await balancer(t, oneRoute([a], { health: { kind: 'none' } }))
  for (let i = 0; i < 6; i++) t.equal(await lb.text(), 'ok')
  t.equal((await lb.overview()).pools[0]?.backends[0]?.errorRate, 0)
  t.equal(a.count, 11, 'each other one is asked again')
  t.equal((await lb.get('/', { method: 'POST' })).status, 502, 'but not for what is not idempotent')
})

await t.test('responds with 503 without a backend, while its own health check passes', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a]))
  await a.stop()
  await until('it is down', async () => (await lb.get()).status === 503)
  t.equal((await lb.get('/healthz')).status, 200)
})

await t.test('uses ejected backends if no other one is left', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a], { health: { kind: 'none' }, ejection: { failures: 1 } }))
  a.status = 503
  t.equal((await lb.get()).status, 503)
  a.status = 200
  t.equal((await lb.get()).status, 200)
})

await t.test('connect, response and body have separate timeouts', async (t) => {
  const silent = await backend(t, () => undefined)
  const stalls = await backend(t, (_request, response) => void response.write('x'))
  const timeouts = { response: 0.5, body: 0.5, keepAlive: 1 }
  const one = await balancer(t, { ...oneRoute([silent], { retries: 0 }), timeouts })
  t.equal((await one.get()).status, 504)
  const other = await balancer(t, { ...oneRoute([stalls]), timeouts })
  await t.rejects(other.text(), 'a body that stalls ends the connection')

  const idle = connect(one.port, '127.0.0.1')
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(idle, 'data')
  await once(idle, 'close', { signal: limit() })
  t.pass('an idle connection is closed')
})

await t.test('retries on another backend if a connection times out', async (t) => {
  // Its queue is full: packets to it are dropped silently.
  const mute = await full(t)
  const a = await backend(t)
  const pool = { health: { kind: 'none' }, ejection: { failures: 0 } }
  const timeouts = { connect: 0.5 }
  const alone = await balancer(t, { ...oneRoute([mute], { ...pool, retries: 0 }), timeouts })
  t.equal((await alone.get()).status, 504)
  const lb = await balancer(t, { ...oneRoute([mute, a], pool), timeouts })
  for (let i = 0; i < 4; i++) t.equal(await lb.text('/', { method: 'POST' }), a.address)
})

await t.test('checks health by TCP connections', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a], { health: { kind: 'tcp', interval: 0.1, fall: 1, rise: 1 } }))
  t.equal((await lb.get()).status, 200)
  await a.stop()
  await until('it is down', async () => (await lb.overview()).pools[0]?.backends[0]?.state === 'down')
  await a.start()
  await until('it is up', async () => (await lb.overview()).pools[0]?.backends[0]?.state === 'up')
})

/** The address of a server that is stopped, with as many connections as its queue has room for. */
async function full(t: Test): Promise<TestBackend> {
  const listens = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    console.log(this.address().port)
  })`
  const child = spawn(process.execPath, ['-e', listens], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  const port = Number(line)
  for (let i = 0; i < 8; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    t.teardown(() => socket.destroy())
  }
  return { address: `127.0.0.1:${port}` } as TestBackend
}
