import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { backend, checkPath, type Overview, type TestBackend, token, until } from '../balancer/fixture.ts'
import { boot, type TestMachine } from '../../boot/boot.ts'

/** How a machine reaches this host. */
const hostAddress = '10.0.2.2'

interface Machine {
  machine: TestMachine
  get: () => Promise<Response>
  overview: () => Promise<Overview>
  change: (method: string, path: string, body?: object) => Promise<number>
}

/** The shipped app in a machine of two processes, in front of backends of this host. */
async function balance(t: Test, name: string, backends: TestBackend[]): Promise<Machine> {
  const config = {
    routes: [{ pool: 'web' }],
    pools: {
      web: {
        backends: backends.map(({ address }) => ({ address: address.replace('127.0.0.1', hostAddress) })),
        health: { path: checkPath, interval: 0.5 },
      },
    },
    admin: { port: 9000 },
  }
  const machine = await boot(
    t,
    name,
    {
      app: { processes: 2 },
      machine: { cpus: 2 },
      // A busy host needs longer than a machine of its own.
      restart: { drainTimeout: 60 },
      ports: [
        { guest: 8080, protocol: 'tcp' },
        { guest: 9000, protocol: 'tcp' },
      ],
    },
    {
      shipped: true,
      instance: {
        env: `ADMIN_TOKEN=${token}\nDRAIN_SECONDS=55\nLB_CONFIG='${JSON.stringify(config)}'\n`,
        repl: true,
      },
    },
  )
  const api = `http://127.0.0.1:${machine.hostPort(9000)}`
  return {
    machine,
    get: async () =>
      fetch(`http://127.0.0.1:${machine.hostPort(8080)}/`, { signal: AbortSignal.timeout(60_000) }),
    overview: async () => (await fetch(`${api}/api/backends`)).json() as Promise<Overview>,
    change: async (method, path, body) => {
      const headers = { authorization: `Bearer ${token}` }
      return (
        await fetch(`${api}${path}`, {
          method,
          headers,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
      ).status
    },
  }
}

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
    const id = encodeURIComponent(gone?.address.replace('127.0.0.1', hostAddress) ?? '')
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
