import { channel } from 'node:diagnostics_channel'
import type { Balancer } from './balancer.ts'
import type { Member } from './pool.ts'
import { type Counter, upperMs } from './stats.ts'

/** As prom-client's `getMetricsAsJSON` gives them; the system layer serves them beside the machine's. */
interface Metric {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  /** What becomes of the values of several processes. */
  aggregator: 'sum' | 'min' | 'max'
  values: { labels: Record<string, string | number>; value: number; metricName?: string }[]
}

type Kind = [
  ...of: [Metric['name'], Metric['type'], Metric['aggregator'], Metric['help']],
  (member: Member) => number,
]

const kinds: Kind[] = [
  ['lb_backend_up', 'gauge', 'min', '1 while requests go there.', ({ state }) => Number(state === 'up')],
  ['lb_backend_weight', 'gauge', 'max', 'Share of the requests.', ({ weight }) => weight],
  ['lb_requests_in_flight', 'gauge', 'sum', 'Requests being answered.', ({ counter }) => counter.inflight],
  ['lb_requests_total', 'counter', 'sum', 'Requests sent to the backend.', ({ counter }) => counter.requests],
  ['lb_failures_total', 'counter', 'sum', 'Requests that it failed.', ({ counter }) => counter.failures],
]

/** Upper bounds in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Infinity]

/** Answers the system layer whenever it asks for the app's metrics. Nobody asks where the configuration has no metrics.port. */
export function giveMetrics(balancer: Balancer): void {
  channel('nodeos.metrics').subscribe((give) => (give as (metrics: Metric[]) => void)(metrics(balancer)))
}

/** What this process knows of every backend. */
function metrics(balancer: Balancer): Metric[] {
  const members = balancer
    .members()
    .map(({ pool, member }) => ({ labels: { pool: pool.name, backend: member.address }, member }))
  const latencies: Metric = {
    name: 'lb_latency_seconds',
    type: 'histogram',
    aggregator: 'sum',
    help: 'Until the headers of the answer.',
    values: members.flatMap(({ labels, member }) => histogram('lb_latency_seconds', labels, member.counter)),
  }
  return kinds
    .map(([name, type, aggregator, help, value]): Metric => {
      const values = members.map(({ labels, member }) => ({ labels, value: value(member) }))
      return { name, type, aggregator, help, values }
    })
    .concat(latencies)
}

/** How many answers came within each bound since the start, their time taken together, and how many at all. */
function histogram(
  name: string,
  labels: Record<string, string>,
  { latencies, totalMs, requests }: Counter,
): Metric['values'] {
  const within = (bound: number): number =>
    latencies.reduce((sum, count, bucket) => (upperMs(bucket) <= bound * 1000 ? sum + count : sum), 0)
  return [
    ...bounds.map((bound) => ({
      metricName: `${name}_bucket`,
      labels: { le: bound === Infinity ? '+Inf' : bound, ...labels },
      value: within(bound),
    })),
    { metricName: `${name}_sum`, labels, value: totalMs / 1000 },
    { metricName: `${name}_count`, labels, value: requests },
  ]
}
