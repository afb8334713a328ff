import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { backend, checkPath, until } from '../../lib/balancer.ts'
import { boot } from '../../lib/machine.ts'
import { freePort } from '../../lib/ports.ts'

/** How a machine reaches this host. */
const hostAddress = '10.0.2.2'
const metricsPort = 9100

/** The address of a backend as the machine sees it. */
function address(backend: string): string {
  return backend.replace('127.0.0.1', hostAddress)
}

/** A Prometheus that scrapes a port of this host; the first value of a query, or undefined. */
async function prometheus(t: Test, scraped: number): Promise<(query: string) => Promise<number | undefined>> {
  const folder = t.testdir({ data: {} })
  const port = await freePort()
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `scrape_configs:\n  - job_name: nodeos\n    scrape_interval: 1s\n    static_configs: [{ targets: ['127.0.0.1:${scraped}'] }]\n`,
  )
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  t.teardown(() => child.kill('SIGKILL'))
  return async (query) => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok !== true) return undefined
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
    return data.result[0] === undefined ? undefined : Number(data.result[0].value[1])
  }
}

await t.test('Prometheus scrapes the machine, both processes and the app as one target', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const balance = {
    routes: [{ pool: 'web' }],
    pools: {
      web: {
        backends: [a, b].map((each) => ({ address: address(each.address) })),
        health: { path: checkPath, interval: 0.5, fall: 2 },
      },
    },
  }
  const machine = await boot(
    t,
    'metrics',
    {
      app: { processes: 2 },
      machine: { cpus: 2 },
      ports: [
        { guest: 8080, protocol: 'tcp' },
        { guest: metricsPort, protocol: 'tcp' },
      ],
      metrics: { port: metricsPort },
    },
    { shipped: true, instance: { env: `LB_CONFIG='${JSON.stringify(balance)}'\n`, repl: true } },
  )
  for (let i = 0; i < 20; i++) {
    const response = await fetch(`http://127.0.0.1:${machine.hostPort(8080)}/`, {
      headers: { connection: 'close' },
    })
    t.equal(response.status, 200)
  }
  const value = await prometheus(t, machine.hostPort(metricsPort))
  await until(
    'it has scraped what both processes did',
    async () => (await value('sum(lb_requests_total)')) === 20,
  )
  t.equal(await value('up'), 1)
  t.equal(await value(`sum(lb_requests_total{backend="${address(a.address)}"})`), 10)
  t.equal(await value('sum(lb_latency_seconds_count)'), 20)
  t.ok(((await value('histogram_quantile(0.99, sum by (le) (lb_latency_seconds_bucket))')) ?? 0) > 0)
  t.equal(await value('nodeos_processes'), 2)
  t.equal(await value('nodeos_restarts_total{what="worker"}'), 0)
  const total = (await value('node_memory_MemTotal_bytes')) ?? 0
  t.ok(total > 200 * 2 ** 20 && total < 256 * 2 ** 20, `${total} bytes of memory`)
  t.ok(((await value('sum(node_cpu_seconds_total)')) ?? 0) > 1)
  t.ok(((await value('node_network_receive_bytes_total{device="eth0"}')) ?? 0) > 1000)
  t.ok(((await value('nodejs_eventloop_lag_p99_seconds')) ?? 0) > 0)
  t.ok(((await value('process_resident_memory_bytes')) ?? 0) > 2 ** 25)

  await b.stop()
  await until(
    'who is gone is down',
    async () => (await value(`lb_backend_up{backend="${address(b.address)}"}`)) === 0,
  )
  const control = await machine.control()
  control.call('repl', { source: 'process.abort()', worker: 1 }).catch(() => undefined)
  await until(
    'a worker that was replaced is counted',
    async () => (await value('nodeos_restarts_total{what="worker"}')) === 1,
  )
  await until('it runs again', async () => (await value('nodeos_processes')) === 2)
  t.equal(await value('sum(lb_requests_total)'), 20, 'what the one that died has counted is kept')
  for (const counter of [
    ...[
      'lb_requests_total',
      'lb_latency_seconds_bucket',
      'lb_latency_seconds_count',
      'lb_latency_seconds_sum',
    ],
    ...['process_cpu_seconds_total', 'nodejs_gc_duration_seconds_count', 'nodeos_restarts_total'],
  ])
    t.equal(await value(`sum(resets(${counter}[10m]))`), 0, `${counter} never went down`)
})
