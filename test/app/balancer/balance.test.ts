import t, { type Test } from 'tap'
import { backend, balancer, oneRoute, type TestBackend, type TestBalancer } from '../../lib/balancer.ts'
import { until } from '../../lib/until.ts'

async function three(t: Test): Promise<TestBackend[]> {
  return [await backend(t), await backend(t), await backend(t)]
}

/** How often each backend answers. */
async function counts(lb: TestBalancer, times: number, init?: RequestInit): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let i = 0; i < times; i++) {
    const address = await lb.text('/', init)
    counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  return counts
}

await t.test('round robin distributes by weight, without bursts', async (t) => {
  const backends = await three(t)
  const [a, b, c] = backends.map(({ address }) => address)
  const lb = await balancer(t, {
    ...oneRoute(backends, {
      backends: backends.map(({ address }, index) => ({ address, weight: index === 0 ? 4 : 1 })),
    }),
  })
  t.same(
    await counts(lb, 60),
    new Map([
      [a, 40],
      [b, 10],
      [c, 10],
    ]),
  )
})

await t.test('least connections avoids busy backends', async (t) => {
  const [busy, rested] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = await backend(t, (_request, response) => {
    busy.resolve()
    void rested.promise.then(() => response.end())
  })
  const [fast, faster] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([slow, fast, faster], { algorithm: 'least-connections' }))
  const all: Promise<string>[] = []
  // While all are idle any may be chosen; one request at a time, so that they are.
  while (slow.count === 0) {
    const request = lb.text()
    all.push(request)
    await Promise.race([request, busy.promise])
  }
  await counts(lb, 20)
  rested.resolve()
  await Promise.all(all)
  t.equal(slow.count, 1, 'the busy one got nothing more')
  t.ok(fast.count > 3 && faster.count > 3, 'the idle ones share')
})

await t.test('power of two distributes, and avoids busy backends', async (t) => {
  const mute = await backend(t, () => undefined)
  const others = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([mute, ...others], { algorithm: 'power-of-two' }))
  const all: Promise<unknown>[] = []
  for (let i = 0; i < 90; i++) {
    all.push(lb.text().catch(() => undefined))
    await until('it has arrived', () => [mute, ...others].reduce((sum, { count }) => sum + count, 0) > i)
  }
  t.ok(mute.count < 20, `${mute.count} of 90 went to the busy one: hardly more than when it was chosen twice`)
  t.ok(others.every(({ count }) => count > 20))
  lb.process.kill('SIGKILL')
  await Promise.all(all)
})

await t.test('consistent hashing keeps a client on its backend when another one is removed', async (t) => {
  const backends = await three(t)
  const lb = await balancer(t, {
    ...oneRoute(backends, { algorithm: 'consistent-hash' }),
    trustedProxies: ['127.0.0.1'],
  })
  const clients = Array.from({ length: 60 }, (_, index) => `192.0.2.${index + 1}`)
  const where = async (): Promise<string[]> =>
    Promise.all(clients.map(async (client) => lb.text('/', { headers: { 'x-forwarded-for': client } })))
  const first = await where()
  t.same(await where(), first)
  t.equal(new Set(first).size, 3)
  const [gone] = backends
  if (gone === undefined) throw new Error('no backend')
  t.equal((await lb.change('DELETE', `/api/pools/web/backends/${gone.address}`)).status, 204)
  const second = await where()
  t.ok(second.every((address, index) => address === first[index] || first[index] === gone.address))
})

await t.test(
  'a cookie returns a client to its backend, even if that drains, but not if it is down',
  async (t) => {
    const backends = await three(t)
    const lb = await balancer(t, oneRoute(backends, { sticky: 'lb' }))
    const first = await lb.get()
    const address = await first.text()
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
    t.match(first.headers.get('set-cookie'), /^lb=[0-9a-f]{12}; Path=\/; HttpOnly; SameSite=Lax$/)
    t.same(await counts(lb, 9, { headers: { cookie: `x=y; ${cookie}` } }), new Map([[address, 9]]))
    await lb.change('PATCH', `/api/pools/web/backends/${address}`, { draining: true })
    t.same(await counts(lb, 9, { headers: { cookie } }), new Map([[address, 9]]))
    t.notOk((await counts(lb, 9)).has(address), 'new clients go elsewhere')
    await lb.change('PATCH', `/api/pools/web/backends/${address}`, { draining: false })
    await backends.find((each) => each.address === address)?.stop()
    const moved = await lb.get('/', { headers: { cookie } })
    t.equal(moved.status, 200)
    t.not(await moved.text(), address)
    t.ok(moved.headers.get('set-cookie'), 'with a new cookie')
  },
)

await t.test('a backend that drains from the start receives no new clients', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(
    t,
    oneRoute([a, b], { backends: [{ address: a.address, draining: true }, { address: b.address }] }),
  )
  t.same(await counts(lb, 6), new Map([[b.address, 6]]))
  t.equal((await lb.overview()).pools[0]?.backends[0]?.state, 'draining')
})

function pool({ address }: TestBackend): object {
  return { backends: [{ address }], health: { kind: 'none' } }
}

await t.test('selects the first route that matches host and path', async (t) => {
  const [web, api, other] = await three(t)
  if (web === undefined || api === undefined || other === undefined) throw new Error('no backends')
  const lb = await balancer(t, {
    routes: [
      { host: 'api.example.org', pool: 'api' },
      { host: '*.example.org', path: '/v1/', pool: 'other' },
      { path: '/api', pool: 'api' },
      { host: 'www.example.org', pool: 'web' },
    ],
    pools: { web: pool(web), api: pool(api), other: pool(other) },
  })
  const { request } = await import('node:http')
  const ask = async (host: string, path: string): Promise<number | string> =>
    new Promise((resolve, reject) => {
      request({ port: lb.port, path, headers: { host } }, (response) => {
        let text = ''
        response.on('data', (data: Buffer) => (text += data.toString()))
        response.on('end', () => resolve(response.statusCode === 200 ? text : (response.statusCode ?? 0)))
      })
        .on('error', reject)
        .end()
    })
  t.equal(await ask('API.example.org:80', '/x'), api.address)
  t.equal(await ask('a.b.example.org.', '/v1/x'), other.address)
  t.equal(await ask('www.example.org', '/v12'), web.address, '/v1 ends at a border')
  t.equal(await ask('www.example.org', '/v1?x'), other.address)
  t.equal(await ask('elsewhere', '/api'), api.address)
  t.equal(await ask('elsewhere', '/apiary'), 404)
  t.equal(await ask('example.org', '/'), 404)
})
