import t from 'tap'
import { compare, formatComparison, type Figures, type Result } from './report.ts'

function figures(cost: number): Figures {
  const latencies = [cost / 100, cost / 50]
  return { cost, rate: 1e6 / cost, latencies, drift: 0.01, warmUp: 6, settled: true, background: 1 }
}

function result(name: string, costs: Record<string, number>): Result {
  const all = Object.entries(costs).map(([workload, cost]) => [workload, figures(cost)])
  return {
    ...{ name, version: '1', figures: Object.fromEntries(all) as Record<string, Figures> },
    memory: { processes: 1000, guest: 2000 },
  }
}

const report = compare([
  result('haproxy', { small: 100, large: 1000 }),
  result('nodeos', { small: 200, large: 500, tls: 300 }),
])

await t.test('compares each proxy with HAProxy, by workload', async (t) => {
  t.same(
    report.rows.map(({ workload, name, ratios }) => [workload, name, ratios?.instructions]),
    [
      ['small', 'haproxy', 1],
      ['small', 'nodeos', 2],
      ['large', 'haproxy', 1],
      ['large', 'nodeos', 0.5],
      ['tls', 'nodeos', undefined],
    ],
  )
  t.match(report.rows[1], { ratios: { requestsPerSecond: 0.5, p50Ms: 2, p99Ms: 2 } })
})

await t.test('the table shows ratios, except without HAProxy to compare with', async (t) => {
  const table = formatComparison(report)
  t.match(table, /^small +nodeos +0\.2 k +2\.00× +0\.50× +2\.00× +2\.00× +1\.0 % +6$/m)
  t.match(table, /^tls +nodeos +0\.3 k +1\.0 % +6$/m)
  t.match(table, /^nodeos: .* resident, .* in the guest; 1$/m)
})
