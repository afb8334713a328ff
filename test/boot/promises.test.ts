import { Agent, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { until } from '../lib/until.ts'
import { boot } from '../lib/machine.ts'

/** The only machine that `npm test` boots: one after the other, what NodeOS promises an application. */
const machine = await boot(
  t,
  'promises',
  {
    hostname: 'baked-name',
    app: { processes: 2, env: { GIVEN: 'from the image', BAKED: 'from the image' } },
    machine: { cpus: 2 },
    // A request is in flight for as long as this host needs to notice.
    restart: { drainTimeout: 600 },
  },
  { instance: { env: 'GIVEN="from the hypervisor"\n', hostname: 'given-name' } },
)

/** Sends a request over a connection of its own, which any of the processes may accept. */
async function respond(path: string): Promise<[status: number | undefined, body: unknown]> {
  const sent = request({ host: '127.0.0.1', port: machine.hostPort(8080), path, agent: new Agent() }).end()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject)
  })
  return [response.statusCode, await json(response)]
}

await t.test('it responds with 200', async (t) => {
  t.same(await respond('/healthz'), [200, 'ok'])
})

await t.test('a native addon loads', async (t) => {
  t.same(await respond('/addon'), [200, 42])
})

await t.test('per-machine settings override the image', async (t) => {
  t.same(await respond('/env?name=GIVEN'), [200, 'from the hypervisor'])
  t.same(await respond('/env?name=BAKED'), [200, 'from the image'])
  t.match((await respond('/machine'))[1], { hostname: 'given-name' })
})

await t.test('the processes of the app share its port; one that crashes is replaced', async (t) => {
  const pids = new Set<number>()
  await until('both processes have responded', async () => {
    const [, { pid, worker }] = (await respond('/machine')) as [number, { pid: number; worker: boolean }]
    t.equal(worker, true)
    return pids.add(pid).size === 2
  })
  await respond('/throw').catch(() => undefined)
  t.match(await machine.waitFor('worker.exited'), { status: 1 })
  t.same(await respond('/healthz'), [200, 'ok'], 'the other one responds')
  await machine.waitFor('worker.started', 3)
  t.notOk(machine.event('node.exited'), 'the primary still runs')
})

await t.test('Node restarts after a crash, and the machine does not', async (t) => {
  await respond('/kill-parent').catch(() => undefined)
  t.match(await machine.waitFor('node.exited'), { signal: 9 })
  await machine.waitFor('health.ok', 2)
  t.same(await respond('/healthz'), [200, 'ok'])
  t.equal(machine.events('init.started').length, 1)
})

await t.test('the power button drains the app, then powers off', async (t) => {
  const held = respond('/held')
  await machine.waitFor('probe.held')
  await machine.qmp('system_powerdown')
  t.same(await held, [200, 'done'], 'the request in flight ends well')
  await machine.exited()
  t.match(machine.event('shutdown.started'), { cause: 'power button' })
  t.match(machine.events('node.exited').at(-1), { status: 0 })
  t.ok(machine.event('shutdown.finished'))
})
