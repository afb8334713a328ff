import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cpuSeconds, memoryBytes, networkCounters } from '../../../kernel/system/metrics/machine.ts'
import { boot, bundle, freePort, type Machine, type Running } from '../fixtures/system.ts'

const folder = t.testdir()
const system = await bundle(folder)
let machines = 0

/** An app that counts what it is asked, gives that as a metric, and one that the system has, too. */
const app = {
  'package.json': '{"type":"module"}',
  'index.ts': `import { channel } from 'node:diagnostics_channel'
    import { createServer } from 'node:http'
    let asked = 0
    const metric = (name, value) => ({ name, type: 'counter', help: 'h', aggregator: 'sum', values: [{ labels: {}, value }] })
    channel('nodeos.metrics').subscribe((give) => {
      give(Promise.resolve([metric('asked_total', asked)]))
      give([metric('process_resident_memory_bytes', 1)])
    })
    const server = createServer((request, response) => {
      if (request.url === '/block') for (const until = Date.now() + 5000; Date.now() < until;);
      if (request.url === '/count') asked += 1
      response.end(String(process.pid))
    }).listen(process.env.PORT)
    process.on('SIGTERM', () => server.close())`,
}

async function start(t: Test, machine: Partial<Machine> = {}): Promise<Running & { scrape: Scrape }> {
  const root = join(folder, String(machines++))
  mkdirSync(root)
  const port = await freePort()
  const running = await boot(system, root, {
    entry: 'index.ts',
    app,
    metrics: { port, path: '/all' },
    ...machine,
  })
  t.teardown(() => running.child.kill('SIGKILL'))
  await running.event('health.ok')
  return { ...running, scrape: async (path = '/all') => fetch(`http://127.0.0.1:${port}${path}`) }
}

type Scrape = (path?: string) => Promise<Response>

/** The value of a line, by its beginning. */
function valueOf(text: string, name: string): number {
  const line = text.split('\n').find((line) => line.startsWith(`${name} `))
  if (line === undefined) throw new Error(`no ${name} in\n${text}`)
  return Number(line.slice(name.length + 1))
}

for (const processes of [undefined, 2]) {
  await t.test(`${processes ?? 1} processes: the machine's, the processes' and the app's`, async (t) => {
    const { scrape, port, child, ended } = await start(t, processes === undefined ? {} : { processes })
    for (let i = 0; i < 10; i++) {
      await fetch(`http://127.0.0.1:${port}/count`, { headers: { connection: 'close' } })
    }
    const response = await scrape()
    t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
    const text = await response.text()
    t.equal(valueOf(text, 'asked_total'), 10, 'summed over the processes')
    t.equal(valueOf(text, 'nodeos_processes'), processes ?? 1)
    t.equal(valueOf(text, 'nodeos_restarts_total{what="node"}'), 0)
    t.ok(valueOf(text, 'process_resident_memory_bytes') > 2 ** 20, "the system's own value stays")
    t.ok(valueOf(text, 'node_memory_MemTotal_bytes') > 2 ** 20)
    t.ok(valueOf(text, 'nodejs_eventloop_lag_p99_seconds') > 0)
    t.equal((await scrape('/')).status, 404)
    child.kill('SIGTERM')
    t.equal(await ended, 0, 'who scrapes does not keep it from ending')
  })
}

await t.test('a worker whose app fails to measure answers with nothing, and goes on', async (t) => {
  const index = app['index.ts'].replace(
    'give(Promise.resolve(',
    "give(Promise.reject(new Error('no'))), give(Promise.resolve(",
  )
  const { scrape, events } = await start(t, { processes: 2, app: { ...app, 'index.ts': index } })
  const asked = performance.now()
  t.equal((await scrape()).status, 200)
  const text = await (await scrape()).text()
  t.equal(valueOf(text, 'nodeos_processes'), 2)
  t.equal(valueOf(text, 'nodeos_restarts_total{what="worker"}'), 0)
  t.notOk(events.some(({ event }) => event === 'worker.exited'))
  t.ok(performance.now() - asked < 2000, 'it is not waited for')
})

await t.test('a worker that is busy does not hide the others', async (t) => {
  const { scrape, port } = await start(t, { processes: 2 })
  const blocked = fetch(`http://127.0.0.1:${port}/block`)
  const text = await (await scrape()).text()
  t.ok(valueOf(text, 'nodeos_processes') === 2)
  t.equal(valueOf(text, 'asked_total'), 0)
  await blocked
})

await t.test('a port that is taken is said, and the app goes on', async (t) => {
  const { scrape, port } = await start(t)
  const taken = Number(new URL((await scrape()).url).port)
  const second = await start(t, { metrics: { port: taken } })
  t.match(await second.event('metrics.failed'), { port: taken, error: /EADDRINUSE/ })
  t.ok((await fetch(`http://127.0.0.1:${second.port}/`)).ok)
  t.ok((await fetch(`http://127.0.0.1:${port}/`)).ok)
})

await t.test("the kernel's figures", (t) => {
  t.match(cpuSeconds('cpu  3 0 3 3 3 0 0 0 0 0\ncpu0 150 0 25 1000 7 0 1 2 0 0\nintr 5\n').values, [
    { labels: { cpu: '0', mode: 'user' }, value: 1.5 },
    { labels: { cpu: '0', mode: 'nice' }, value: 0 },
    { labels: { cpu: '0', mode: 'system' }, value: 0.25 },
    { labels: { cpu: '0', mode: 'idle' }, value: 10 },
  ])
  t.match(memoryBytes('MemTotal:         1024 kB\nMemFree:    2 kB\n')[0], {
    name: 'node_memory_MemTotal_bytes',
    values: [{ value: 2 ** 20 }],
  })
  const dev =
    'Inter-| Receive\n face |bytes\n    lo: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n  eth0:500 6 7 8 0 0 0 0 9 1 2 3 0 0 0 0\n'
  const metrics = new Map(networkCounters(dev).map(({ name, values }) => [name, values]))
  t.same(metrics.get('node_network_receive_bytes_total'), [
    { labels: { device: 'lo' }, value: 1 },
    { labels: { device: 'eth0' }, value: 500 },
  ])
  t.match(metrics.get('node_network_transmit_drop_total'), [{ value: 0 }, { value: 3 }])
  t.end()
})
