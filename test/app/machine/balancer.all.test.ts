import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { backend, until } from '../../lib/balancer.ts'
import { balance, inMachine } from '../../lib/balancing-machine.ts'

await t.test(
  'two processes share one view; neither a worker that crashes nor a drain loses requests of the other',
  async (t) => {
    const held: ServerResponse[] = []
    const respond = ({ url }: IncomingMessage, response: ServerResponse): void => {
      if (url !== '/held') return void response.end('ok')
      held.push(response)
      response.write('begun, ')
    }
    const backends = [await backend(t, respond), await backend(t, respond), await backend(t, respond)]
    const { machine, get, overview, change } = await balance(t, 'balancer', backends)
    await until('both processes report', async () => (await overview()).processes === 2)
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
    await until('both processes have the change', async () => {
      const views = await Promise.all(Array.from({ length: 6 }, () => overview()))
      return views.every(({ pools }) => pools[0]?.backends.some(({ state }) => state === 'draining'))
    })
    const before = gone?.count
    for (let i = 0; i < 20; i++) await (await get()).text()
    t.equal(gone?.count, before, 'a change holds in every process')

    const answers: Promise<string>[] = []
    const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
    t.teardown(() => agents.forEach((agent) => agent.destroy()))
    const ask = async (agent: Agent, path: string): Promise<[IncomingMessage, boolean]> => {
      const asking = request({ port: machine.hostPort(8080), path, agent }).end()
      const [response] = (await once(asking, 'response')) as [IncomingMessage]
      return [response, asking.reusedSocket]
    }
    // One after the other: the processes take turns.
    for (const agent of agents) {
      const [response] = await ask(agent, '/held')
      answers.push(text(response))
      answers.at(-1)?.catch(() => undefined)
    }
    const control = await machine.control()
    const killed = control.call('repl', { source: 'process.abort()', worker: 1 }).catch(() => undefined)
    await machine.waitFor('worker.exited')
    for (const response of held) response.end('ended')
    const settled = await Promise.allSettled(answers)
    const whole = agents.filter((_, index) => settled[index]?.status === 'fulfilled')
    t.equal(whole.length, 3, 'of six answers under way the three of the other process go on')
    for (const agent of whole) {
      const [response, reused] = await ask(agent, '/')
      t.same([response.statusCode, await text(response), reused], [200, 'ok', true], 'and their connections')
    }
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
    await until('the new one takes part', async () => (await overview()).processes === 2)
    for (let i = 0; i < 20; i++) await (await get()).text()
    t.equal(gone?.count, before, 'and knows of the change')
  },
)

await t.test('the power button drains: every accepted request receives a response', async (t) => {
  const held: ServerResponse[] = []
  const slow = await backend(t, (_request, response) => void held.push(response))
  const { machine, get } = await balance(t, 'drain', [slow])
  const inFlight = Array.from({ length: 8 }, async () => (await get()).text())
  await until('all are in flight', () => slow.count === 8)
  await machine.qmp('system_powerdown')
  await machine.waitFor('app.draining')
  for (const response of held) response.end('done')
  t.same(
    await Promise.all(inFlight),
    Array.from({ length: 8 }, () => 'done'),
  )
  await machine.exited()
  t.match(machine.event('node.exited'), { status: 0 })
})
