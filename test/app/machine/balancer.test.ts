import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { backend, until } from '../balancer/fixture.ts'
import { balance, inMachine } from './balance.ts'

await t.test(
  'two processes with one view; a worker that dies costs the other no request; a drain costs none',
  async (t) => {
    const backends = [await backend(t), await backend(t), await backend(t)]
    const { machine, get, overview, change } = await balance(t, 'balancer', backends)
    await until('both processes report', async () => (await overview()).processes === 2, 60_000)
    for (let i = 0; i < 60; i++) t.equal((await get()).status, 200)
    for (const { count, address } of backends)
      t.ok(count >= 15 && count <= 25, `${count} of 60 went to ${address}`)
    await until('the view counts them all', async () => {
      const [pool] = (await overview()).pools
      return pool?.backends.reduce((sum, { requests }) => sum + requests, 0) === 60
    })

    const [gone] = backends
    const id = encodeURIComponent(inMachine(gone ?? { address: '' }))
    t.equal(await change('PATCH', `/api/pools/web/backends/${id}`, { draining: true }), 200)
    await wait(1000)
    const before = gone?.count
    for (let i = 0; i < 20; i++) await (await get()).text()
    t.equal(gone?.count, before, 'a change holds in every process')

    const control = await machine.control()
    const killed = control.call('repl', { source: 'process.abort()', worker: 1 }).catch(() => undefined)
    await machine.waitFor('worker.exited')
    let failed = 0
    for (let i = 0; i < 30; i++) {
      const ok = await get().then(
        ({ ok }) => ok,
        () => false,
      )
      if (!ok) failed += 1
    }
    t.equal(failed, 0, 'requests after the crash are answered by the other')
    await killed
    await machine.waitFor('worker.started', 3)
    await until('the new one takes part', async () => (await overview()).processes === 2, 60_000)
    for (let i = 0; i < 20; i++) await (await get()).text()
    t.equal(gone?.count, before, 'and knows of the change')
  },
)

await t.test('the power button drains: every request that was accepted is answered', async (t) => {
  const slow = await backend(t, (_request, response) => setTimeout(() => response.end('done'), 4000))
  const { machine, get } = await balance(t, 'drain', [slow])
  const inFlight = Array.from({ length: 8 }, async () => (await get()).text())
  await until('all are in flight', () => slow.count === 8, 60_000)
  await machine.qmp('system_powerdown')
  t.same(
    await Promise.all(inFlight),
    Array.from({ length: 8 }, () => 'done'),
  )
  await machine.exited()
  t.match(machine.event('node.exited'), { status: 0 })
})
