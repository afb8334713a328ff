import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../kernel/fixtures/system.ts'
import { backend, balancer, oneRoute, until } from './fixture.ts'

await t.test('a Prometheus scrapes the backends and the machine', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([a, b]))
  for (let i = 0; i < 10; i++) await lb.text()
  await b.stop()
  const folder = t.testdir({ data: {} })
  const port = await freePort()
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `scrape_configs:\n  - job_name: lb\n    scrape_interval: 1s\n    static_configs: [{ targets: ['${lb.admin.slice('http://'.length)}'] }]\n`,
  )
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  t.teardown(() => prometheus.kill('SIGKILL'))
  const value = async (query: string): Promise<number | undefined> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok !== true) return undefined
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
    return data.result[0] === undefined ? undefined : Number(data.result[0].value[1])
  }
  await until('it has scraped', async () => (await value('sum(lb_requests_total)')) === 10, 20_000)
  t.equal(await value(`lb_requests_total{pool="web",backend="${a.address}"}`), 5)
  t.ok(((await value('lb_latency_seconds{quantile="0.99"}')) ?? 0) > 0)
  await until(
    'who is gone is down',
    async () => (await value(`lb_backend_up{backend="${b.address}"}`)) === 0,
    20_000,
  )
  t.equal(await value('up'), 1)
  t.ok(((await value('nodeos_memory_bytes')) ?? 0) > 1e6)
})
