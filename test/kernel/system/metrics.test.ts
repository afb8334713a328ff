import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:cluster'
import t, { type Test } from 'tap'
import { workerMetrics } from '../../../kernel/system/metrics/workers.ts'
import type { Metric } from '../../../kernel/kit/metrics.ts'
import { cpuSeconds, memoryBytes, networkCounters } from '../../../kernel/system/metrics/procfs.ts'
import { until } from '../../lib/until.ts'
import { boot, bundle, type Machine, type Running } from '../fixtures/system.ts'
import { freePort } from '../../lib/ports.ts'

const folder = t.testdir()
const system = await bundle(folder)
let machines = 0

/** An app that counts what it is asked, gives that as a metric, and one that the system has, too. */
const app = {
  'package.json': '{"type":"module"}',
  'index.ts': `import { channel } from 'node:diagnostics_channel'
    import { createServer } from 'node:http'
    import { setFlagsFromString } from 'node:v8'
    import { runInNewContext } from 'node:vm'
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc')
    let asked = 0
    const metric = (name, value) => ({ name, type: 'counter', help: 'h', aggregator: 'sum', values: [{ labels: {}, value }] })
    channel('nodeos.metrics').subscribe((give) => {
      give(Promise.resolve([metric('asked_total', asked)]))
      give([metric('process_resident_memory_bytes', 1)])
    })
    const server = createServer((request, response) => {
      if (request.url === '/block') for (const until = Date.now() + 5000; Date.now() < until;);
      if (request.url === '/count') asked += 1
      if (request.url === '/collect') collect({ type: 'minor' })
      if (request.url === '/crash') process.kill(process.pid, 'SIGKILL')
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

await t.test('no counter goes down when a worker is busy, ends, or begins again', async (t) => {
  const restart = { backoffInitial: 3000, backoffMax: 3000 }
  const { scrape, port, event } = await start(t, { processes: 2, restart })
  const ask = async (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
  const text = async (): Promise<string> => (await scrape()).text()
  for (let i = 0; i < 10; i++) await ask('/count')
  t.equal(valueOf(await text(), 'asked_total'), 10)

  const blocked = ask('/block')
  const busy = await text()
  t.equal(valueOf(busy, 'nodeos_processes'), 2)
  t.equal(valueOf(busy, 'asked_total'), 10)
  await blocked
  const collected = 'nodejs_gc_duration_seconds_count{kind="minor"}'
  let before = ''
  await until('garbage was collected', async () => {
    await ask('/collect')
    before = await text()
    return before.includes(`${collected} `)
  })

  await ask('/crash').catch(() => undefined)
  await event('worker.exited')
  let away = ''
  await until('one is away', async () => valueOf((away = await text()), 'nodeos_processes') === 1)
  t.equal(valueOf(away, 'asked_total'), 10)
  for (const name of ['process_cpu_seconds_total', collected])
    t.ok(valueOf(away, name) >= valueOf(before, name), name)
  t.ok(valueOf(away, 'process_resident_memory_bytes') < valueOf(before, 'process_resident_memory_bytes'))

  await until('it is there again', async () => valueOf(await text(), 'nodeos_processes') === 2)
  t.equal(valueOf(await text(), 'nodeos_restarts_total{what="worker"}'), 1)
  await ask('/crash').catch(() => undefined)
  await until('one is away again', async () => valueOf((away = await text()), 'nodeos_processes') === 1)
  t.equal(valueOf(away, 'nodeos_restarts_total{what="worker"}'), 1)
  t.equal(valueOf(away, 'asked_total'), 10)
})

function metric(name: string, type: Metric['type'], ...values: Metric['values']): Metric {
  return { name, type, help: 'h', aggregator: name === 'most' ? 'max' : 'sum', values }
}

function told(value: number): Metric[] {
  return [
    metric('asked', 'counter', { labels: { a: 1, b: 2 }, value }, { labels: { a: 2, b: 2 }, value: 1 }),
    metric('took', 'histogram', { metricName: 'took_count', labels: { b: 2, a: 1 }, value }),
    metric(
      'lag',
      'summary',
      { labels: { quantile: 1 }, value },
      { metricName: 'lag_sum', labels: {}, value },
    ),
    metric('open', 'gauge', { labels: {}, value }),
    metric('most', 'counter', { labels: {}, value }),
  ]
}

await t.test('the counters of workers that have exited are kept', async (t) => {
  let running = ['first', 'second'] as unknown as Worker[]
  let read = async (): Promise<Metric[] | undefined> => told(5)
  const collect = workerMetrics(
    {
      list: () => running.map((_, index) => ({ worker: index, pid: 0, restarts: 0 })),
      get: (number) => running[number as number] as Worker,
    },
    async () => read(),
  )
  const seen = async (name: string): Promise<number[][]> =>
    (await collect()).map((metrics) =>
      metrics
        .filter((metric) => metric.name === name)
        .flatMap(({ values }) => values.map(({ value }) => value)),
    )
  t.same(await seen('asked'), [[5, 1], [5, 1], []])
  read = async () => undefined
  t.same(await seen('open'), [[5], [5], []], 'a worker that times out counts with its previous metrics')

  running = running.slice(1)
  t.same(
    await Promise.all([seen('asked'), seen('asked')]),
    [
      [
        [5, 1],
        [5, 1],
      ],
      [
        [5, 1],
        [5, 1],
      ],
    ],
    'once, however many requests there are',
  )
  t.same(await seen('took'), [[5], [5]])
  t.same(await seen('lag'), [[5, 5], [5]], 'not its quantile')
  t.same(await seen('open'), [[5], []])
  t.same(await seen('most'), [[5], []])

  const late = Promise.withResolvers<Metric[]>()
  read = async () => late.promise
  const asked = seen('asked')
  running = []
  read = async () => undefined
  t.same(await seen('asked'), [[10, 2]], 'added to those of the other')
  late.resolve(told(7))
  t.same(await asked, [[10, 2]], 'metrics that come after the exit are not counted twice')
})

await t.test('an app whose metrics fail is logged and continues; the other metrics are served', async (t) => {
  const failing = `import { channel } from 'node:diagnostics_channel'
    import './index.ts'
    channel('nodeos.metrics').subscribe((give) => give(Promise.reject(new Error('no figures'))))`
  const machine = { entry: 'failing.ts', app: { ...app, 'failing.ts': failing } }
  const { scrape, events, event } = await start(t, { ...machine, processes: 2 })
  t.equal(valueOf(await (await scrape()).text(), 'nodeos_processes'), 2)
  t.match(await event('metrics.failed'), { error: /no figures/ })
  t.notOk(events.some(({ event }) => event === 'worker.exited'))
})

await t.test('a port that is already in use is logged, and the app continues', async (t) => {
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
