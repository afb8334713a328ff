import { once } from 'node:events'
import t from 'tap'
import { backend, balancer, oneRoute, until } from '../../lib/balancer.ts'

type Line = Record<string, unknown>

function requests(output: string): Line[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ event }) => event === 'request')
}

await t.test('logs every request with the id that the backend received', async (t) => {
  const ids: unknown[] = []
  const a = await backend(t, ({ headers }, response) => {
    ids.push(headers['x-request-id'])
    setTimeout(() => response.writeHead(418).end('short and stout'), 50)
  })
  const lb = await balancer(t, { ...oneRoute([a]), log: { requests: 'all' } })
  await (await lb.get('/tea?cups=2', { method: 'POST', body: 'x' })).text()
  await lb.get('/').then((response) => response.text())
  await until('they are written', () => requests(lb.output()).length === 2)
  const [first, second] = requests(lb.output())
  t.match(first, {
    level: 30,
    time: /^20.*Z$/,
    requestId: ids[0],
    client: '127.0.0.1',
    method: 'POST',
    host: `127.0.0.1:${lb.port}`,
    url: '/tea?cups=2',
    pool: 'web',
    backend: a.address,
    status: 418,
    bytes: 15,
    ms: Number,
  })
  t.ok(Number(first?.['ms']) >= 49)
  t.equal(second?.['requestId'], ids[1])
})

await t.test('logs clients that disconnect; loses no buffered line at the end', async (t) => {
  const away = new AbortController()
  const mute = await backend(t, () => away.abort())
  const lb = await balancer(t, { ...oneRoute([mute]), log: { requests: 'all' } })
  await lb.get('/', { signal: away.signal }).catch(() => undefined)
  lb.process.kill('SIGTERM')
  await once(lb.process, 'close')
  t.match(requests(lb.output()), [{ status: 499, bytes: 0 }])
})

await t.test('logs failures only by default', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a], { health: { kind: 'none' } }))
  await lb.text()
  await a.stop()
  t.equal((await lb.get()).status, 502)
  await until('it is said', () => lb.output().includes('"event":"backend failed"'))
  t.match(lb.output(), /"level":40,.*"reason":"127\.0\.0\.1:\d+: ECONNREFUSED"/)
  t.same(requests(lb.output()), [])
})

await t.test(
  'bounds the buffer for a blocked console, and reports the number of dropped lines',
  async (t) => {
    const a = await backend(t)
    const lb = await balancer(t, { ...oneRoute([a]), log: { requests: 'all' } })
    const [all, path] = [600, `/${'x'.repeat(8000)}`]
    lb.process.stdout?.pause()
    for (let i = 0; i < all; i += 20) await Promise.all(Array.from({ length: 20 }, async () => lb.text(path)))
    lb.process.stdout?.resume()
    const missed = (): number =>
      [...lb.output().matchAll(/"event":"log lines dropped","lines":(\d+)/g)].reduce(
        (sum, [, lines]) => sum + Number(lines),
        0,
      )
    await until('every line was written or counted', () => requests(lb.output()).length + missed() === all)
    t.ok(missed() > all / 2, `${missed()} of ${all} lines, 5 MB, were dropped`)
    await lb.text('/last')
    await until('it goes on', () => requests(lb.output()).at(-1)?.['url'] === '/last')
  },
)
