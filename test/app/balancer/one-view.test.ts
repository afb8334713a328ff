import { Agent } from 'node:http'
import t, { type Test } from 'tap'
import { type Crew, startCrew } from '../../lib/workers.ts'
import { backend, checkPath, type TestBackend, until } from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

const processes = 2

async function crewFor(t: Test, backends: TestBackend[], pool: object): Promise<Crew & { port: number }> {
  const port = await freePort()
  const web = { backends: backends.map(({ address }) => ({ address })), ...pool }
  const crew = await startCrew(
    t,
    { listeners: [{ port }], routes: [{ pool: 'web' }], pools: { web } },
    processes,
  )
  return { ...crew, port }
}

/** The state of the first backend as each process has it. */
async function states({ overview }: Crew): Promise<(string | undefined)[]> {
  const seen: (string | undefined)[] = []
  while (seen.length < processes) seen.push((await overview()).pools[0]?.backends[0]?.state)
  return seen
}

await t.test('one process runs the checks for all; another one takes over when it ends', async (t) => {
  const interval = 0.2
  const a = await backend(t)
  let checks = 0
  a.server.on('request', ({ url }) => (checks += url === checkPath ? 1 : 0))
  const crew = await crewFor(t, [a], { health: { path: checkPath, interval, timeout: 30, rise: 2, fall: 2 } })
  // On a host that is busy the checks come later, never earlier; by two processes they come twice as often.
  await until('only one process checks', async () => {
    const [before, startedAt] = [checks, performance.now()]
    await until('it checks', () => checks - before >= 15)
    const elapsed = (performance.now() - startedAt) / 1000
    return checks - before <= elapsed / interval + 2
  })

  await a.stop()
  await until('all have it down', async () => (await states(crew)).every((state) => state === 'down'))
  const checking = Math.min(...crew.pids())
  process.kill(checking, 'SIGKILL')
  // Until then the primary passes connections to the dead process, and they stay open.
  await until('the primary has noticed', () => !crew.pids().includes(checking))
  await a.start()

  await until('all have it up again', async () =>
    (await states(crew).catch(() => ['?'])).every((state) => state === 'up'),
  )
})

await t.test('all processes leave out a backend that one has ejected', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const crew = await crewFor(t, [a, b], {
    health: { kind: 'none' },
    ejection: { failures: 3, seconds: 3600 },
  })
  a.status = 503
  // One connection, so one process.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  for (let i = 0; i < 12; i++) await crew.ask(crew.port, 'GET', '/', undefined, agent)
  t.equal(a.count, 3)
  await until('all have it ejected', async () => (await states(crew)).every((state) => state === 'ejected'))
  for (let i = 0; i < 12; i++) t.equal((await crew.ask(crew.port, 'GET', '/')).text, b.address)
  t.equal(a.count, 3, 'and none asks it')

  const path = `/api/pools/web/backends/${a.address}`
  a.status = 200
  t.equal((await crew.ask(crew.admin, 'DELETE', path)).status, 204)
  t.equal((await crew.ask(crew.admin, 'POST', '/api/pools/web/backends', { address: a.address })).status, 201)
  const found = async (): Promise<unknown> =>
    (await crew.overview()).pools[0]?.backends.find(({ id }) => id === a.address)?.state
  t.same(
    [await found(), await found()],
    ['up', 'up'],
    'a backend that is removed and added again starts fresh',
  )
})
