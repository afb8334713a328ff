import { Agent, get } from 'node:http'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../../lib/until.ts'
import { boot, bundle, type Event, type Machine, type Running } from '../fixtures/system.ts'

const folder = t.testdir()
const system = await bundle(folder)
let machines = 0

async function start(t: Test, machine: Machine): Promise<Running> {
  const root = join(folder, String(machines++))
  mkdirSync(root)
  const running = await boot(system, root, machine)
  t.teardown(() => running.child.kill('SIGKILL'))
  return running
}

const app = {
  'package.json': '{"type":"module"}',
  'index.ts': `import { createServer } from 'node:http'
    createServer((request, response) => {
      if (request.url === '/crash') process.kill(process.pid, 'SIGKILL')
      if (request.url === '/slow') console.log('slow request')
      setTimeout(() => response.end(String(process.pid)), request.url === '/slow' ? 300 : 0)
    }).listen(process.env.PORT)`,
}

await t.test('workers share the port, are replaced when they crash, and drain', async (t) => {
  const { event, events, line, port, child, ended } = await start(t, {
    entry: 'index.ts',
    app,
    processes: 2,
  })
  await event('health.ok')
  t.match(
    events.find(({ event }) => event === 'node.started'),
    { processes: 2, pid: child.pid },
  )
  t.equal(events.filter(({ event }) => event === 'node.started').length, 1)
  t.equal(events.filter(({ event }) => event === 'app.listening').length, 1)
  const pids = await askUntil(port, 2)
  t.notOk(pids.has(String(child.pid)))

  await ask(port, '/crash').catch(() => undefined)
  const { pid } = await event('worker.exited')
  t.match(
    events.find(({ event }) => event === 'worker.exited'),
    { signal: 'SIGKILL', delay_ms: 100 },
  )
  const later = await askUntil(port, 2)
  const starts = (): number => events.filter(({ event }) => event === 'worker.started').length
  await until('the third start is logged', () => starts() >= 3)
  t.equal(starts(), 3)
  t.notOk(later.has(String(pid)))
  t.ok(
    [...later].some((worker) => pids.has(worker)),
    'the other worker went on',
  )

  const slow = ask(port, '/slow')
  await line(/^slow request$/)
  child.kill('SIGTERM')
  t.match(await event('app.draining'), { workers: 2 })
  t.ok(later.has(await slow), 'what was in flight is answered')
  t.equal(await ended, 0)
})

await t.test(
  'a worker that is asked to go costs no request, on kept connections and on fresh ones',
  async (t) => {
    const { event, events, port } = await start(t, {
      entry: 'index.ts',
      app,
      processes: 2,
      restart: { backoffInitial: 0, backoffMax: 0, crashLoopCount: 100 },
    })
    await event('health.ok')
    await askUntil(port, 2)
    const done = new AbortController()
    const kept = new Agent({ keepAlive: true, maxSockets: 1 })
    const load = [kept, false as const].map(async (agent) => {
      let answered = 0
      for (; !done.signal.aborted; answered++) await ask(port, '/', agent)
      return answered
    })
    const started = (): Event[] => events.filter(({ event }) => event === 'worker.started')
    for (let round = 0; round < 10; round++) {
      process.kill(Number(started().at(-2)?.['pid']), 'SIGTERM')
      await event('worker.started', (latest) => started().indexOf(latest) === round + 2)
      // The next one goes when both take part.
      await askUntil(port, 2)
    }
    done.abort()
    for (const answered of await Promise.all(load)) t.ok(answered > 100, `${answered} requests`)
    kept.destroy()
  },
)

await t.test('an app with a SIGTERM listener of its own ends by closing what it has opened', async (t) => {
  const own = {
    ...app,
    'index.ts': `import { createServer } from 'node:http'
      const server = createServer((_request, response) => response.end()).listen(process.env.PORT)
      process.on('SIGTERM', () => server.close(() => console.log('own way')))`,
  }
  const { event, line, child, ended } = await start(t, { entry: 'index.ts', app: own, processes: 2 })
  await event('health.ok')
  child.kill('SIGTERM')
  await line(/^own way$/)
  t.equal(await ended, 0)
})

await t.test('an app that cannot start ends the primary, for PID 1 to count', async (t) => {
  const { event, ended } = await start(t, {
    entry: 'index.ts',
    app: { ...app, 'index.ts': 'process.exit(9)' },
    processes: 2,
    restart: { crashLoopCount: 4, backoffInitial: 1, backoffMax: 10 },
  })
  t.match(await event('workers.failing'), { ends: 4 })
  t.equal(await ended, 1)
})

await t.test(
  'what one publishes the others hear; of two that set a value, one comes first for all',
  async (t) => {
    const talking = {
      ...app,
      'index.ts': `import { createServer } from 'node:http'
      const heard = []
      process.on('message', (message) => heard.push(message))
      process.send({ get: true })
      createServer((request, response) => {
        if (request.url === '/heard') return response.end(JSON.stringify([process.pid, heard]))
        if (request.url === '/publish') process.send({ publish: process.pid })
        if (request.url === '/set/' + process.pid) process.send({ set: 'key', base: 0, value: process.pid })
        if (request.url === '/crash') process.kill(process.pid, 'SIGKILL')
        response.end(String(process.pid))
      }).listen(process.env.PORT)`,
    }
    const { event, port } = await start(t, { entry: 'index.ts', app: talking, processes: 2 })
    await event('health.ok')
    const pids = await askUntil(port, 2)
    /** What each process has heard. */
    const heard = async (): Promise<Map<number, unknown[]>> => {
      const all = new Map<number, unknown[]>()
      while (all.size < 2) all.set(...(JSON.parse(await ask(port, '/heard')) as [number, unknown[]]))
      return all
    }
    const publisher = Number(await ask(port, '/publish'))
    await until('the other hears it', async () => [...(await heard()).values()].flat().length === 1)
    for (const [pid, messages] of await heard())
      t.same(messages, pid === publisher ? [] : [{ publish: publisher }])

    // Only the process that a path names sets the value.
    await Promise.all(
      [...pids].map(async (pid) =>
        until(`${pid} sets it`, async () => (await ask(port, `/set/${pid}`)) === pid),
      ),
    )
    const sets = async (): Promise<unknown[][]> =>
      [...(await heard()).values()].map((messages) =>
        messages.filter((message) => 'set' in (message as object)),
      )
    await until('both hear of it', async () => (await sets()).flat().length === 3)
    const [first] = (await sets()).flat() as { value: number }[]
    const taken = { set: 'key', version: 1, value: first?.value }
    for (const [pid, messages] of await heard()) {
      const times = pid === first?.value ? 1 : 2
      t.same(
        messages.filter((message) => 'set' in (message as object)),
        Array.from({ length: times }, () => taken),
        'who was late hears it once more',
      )
    }

    await ask(port, '/crash').catch(() => undefined)
    // Until then the primary passes connections to the dead process, and they are never closed.
    await event('worker.exited')
    await until('a new process asks for what was set', async () => {
      const all = await heard()
      return [...all].some(([pid, messages]) => !pids.has(String(pid)) && messages.length === 1)
    })
  },
)

await t.test(
  'who sets a value hears of it when the others have it, however long that takes them',
  async (t) => {
    const slow = {
      ...app,
      'index.ts': `import { createServer } from 'node:http'
    let heard
    process.on('message', ({ value }) => {
      if (value !== process.pid) for (const until = Date.now() + 300; Date.now() < until; );
      heard = { by: value, at: Date.now() }
    })
    createServer((request, response) => {
      if (request.url === '/set') process.send({ set: 'key', base: 0, value: process.pid })
      response.end(JSON.stringify({ pid: process.pid, ...heard }))
    }).listen(process.env.PORT)`,
    }
    const { event, port } = await start(t, { entry: 'index.ts', app: slow, processes: 2 })
    await event('health.ok')
    await ask(port, '/set')
    const times = new Map<boolean, number>()
    await until('both have heard it', async () => {
      const { pid, by, at } = JSON.parse(await ask(port, '/')) as { pid: number; by?: number; at: number }
      if (by !== undefined) times.set(pid === by, at)
      return times.size === 2
    })
    t.ok(Number(times.get(true)) >= Number(times.get(false)))
  },
)

await t.test('one process needs no primary', async (t) => {
  const { event, events, port, child, ended } = await start(t, { entry: 'index.ts', app, processes: 1 })
  await event('health.ok')
  t.equal(await ask(port, '/'), String(child.pid), 'the app runs in the process that PID 1 started')
  t.equal(events.filter(({ event }) => event === 'node.started').length, 1)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})

/** Asks until as many processes have answered. */
async function askUntil(port: number, count: number): Promise<Set<string>> {
  const pids = new Set<string>()
  await until(`${count} processes answer`, async () => pids.add(await ask(port, '/')).size >= count)
  return pids
}

function ask(port: number, path: string, agent: Agent | false = false): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent }, (response) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () => resolve(body))
        .on('error', reject)
    }).on('error', reject)
  })
}
