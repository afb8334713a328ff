import t from 'tap'
import { backend, balancer, oneRoute, until } from '../../lib/balancer.ts'

function at(address: string): string {
  return `/api/pools/web/backends/${encodeURIComponent(address)}`
}

await t.test('loses no request while backends are added, removed, weighted and drained', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([a]))
  let [failed, asked] = [0, 0]
  const enough = new AbortController()
  const load = (async () => {
    while (!enough.signal.aborted) {
      asked += 1
      const ok = await lb.get().then(
        async (response) => (await response.text()) !== '' && response.ok,
        () => false,
      )
      if (!ok) failed += 1
    }
  })()
  t.equal((await lb.change('POST', '/api/pools/web/backends', { address: b.address })).status, 201)
  await until('it takes part', () => b.count > 5)
  t.match(await (await lb.change('PATCH', at(b.address), { weight: 3 })).json(), {
    weight: 3,
    address: b.address,
  })
  t.equal((await lb.change('PATCH', at(a.address), { draining: true })).status, 200)
  await until('it is idle', async () => {
    const view = (await lb.overview()).pools[0]?.backends.find(({ id }) => id === a.address)
    return view?.state === 'draining' && view.inflight === 0
  })
  const more = async (): Promise<void> => {
    const goal = asked + 50
    await until('the load goes on', () => asked >= goal)
  }
  const before = a.count
  await more()
  t.equal(a.count, before)
  t.equal((await lb.change('DELETE', at(a.address))).status, 204)
  await a.stop()
  await more()
  enough.abort()
  await load
  t.equal(failed, 0, `of ${asked}`)
  t.same(
    (await lb.overview()).pools[0]?.backends.map(({ id, weight }) => [id, weight]),
    [[b.address, 3]],
  )
})

await t.test('rejects an invalid change and keeps the old state', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a]))
  const backends = '/api/pools/web/backends'
  const refused: [method: string, path: string, body: unknown, status: number, error: RegExp][] = [
    ['POST', backends, { address: 'nowhere' }, 400, /address: must match/],
    ['POST', backends, { address: a.address }, 400, /duplicate address/],
    ['POST', backends, { address: '[1::2::3]:1' }, 400, /invalid address/],
    ['POST', backends, { address: '256.0.0.1:1' }, 400, /invalid address/],
    ['POST', backends, { address: 'b:1', weight: -1 }, 400, /weight/],
    ['POST', backends, { address: 'b:1', wieght: 1 }, 400, /wieght: unknown key/],
    ['POST', backends, 'no JSON', 400, /must be JSON/],
    ['POST', backends, '[]', 400, /must be a JSON object/],
    ['POST', backends, JSON.stringify({ address: 'x'.repeat(300_000) }), 413, /larger than/],
    ['POST', '/api/pools/none/backends', { address: 'b:1' }, 404, /pool none does not exist/],
    ['PATCH', `${backends}/${a.address}`, {}, 400, /set weight or draining/],
    ['PATCH', `${backends}/${a.address}`, { weight: 'two' }, 400, /weight/],
    ['PATCH', `${backends}/${a.address}`, { draining: 1 }, 400, /draining: must be boolean/],
    ['PATCH', `${backends}/${a.address}`, { address: 'b:1' }, 400, /cannot be changed/],
    ['PATCH', `${backends}/b:1`, { weight: 1 }, 404, /backend b:1 does not exist/],
    ['PATCH', `${backends}/${a.address}`, { wieght: 1 }, 400, /wieght: unknown key/],
    ['DELETE', `${backends}/b:1`, undefined, 404, /backend b:1 does not exist/],
    ['PUT', `${backends}/${a.address}`, {}, 405, /PUT/],
    ['POST', '/api/other', {}, 404, /not found/],
    ['POST', '/api/%zz', {}, 400, /percent-encoding/],
    ['PUT', '/api/certificates/1', { certificate: 'a', key: 'b' }, 404, /no https listener/],
  ]
  for (const [method, path, body, status, error] of refused) {
    const response = await lb.change(method, path, body)
    t.equal(response.status, status, `${method} ${path}`)
    t.match(((await response.json()) as { error: string }).error, error)
  }
  t.equal((await lb.change('DELETE', `${backends}/${a.address}`, undefined, 'wrong')).status, 401)
  t.equal((await lb.change('DELETE', `${backends}/${a.address}`, undefined, '')).status, 401)
  t.same(
    (await lb.overview()).pools[0]?.backends.map(({ id, weight }) => [id, weight]),
    [[a.address, 1]],
  )
})

await t.test('rejects changes without a token', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a]), { ADMIN_TOKEN: '' })
  const response = await lb.change('DELETE', `/api/pools/web/backends/${a.address}`)
  t.equal(response.status, 403)
})

await t.test('reports every error in an invalid per-machine configuration', async (t) => {
  await t.rejects(
    balancer(t, { rotues: [], limits: { connections: 0 } }),
    /LB_CONFIG[^]*rotues[^]*connections/,
  )
})
