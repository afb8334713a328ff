import { channel } from 'node:diagnostics_channel'
import type { Balancer } from './balancer.ts'
import type { Member } from './pool.ts'
import { histogram } from './stats.ts'

/** As prom-client's `getMetricsAsJSON` gives them; the system layer serves them beside the machine's. */
interface Metric {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  /** What becomes of the values of several processes. */
  aggregator: 'sum' | 'min' | 'max'
  values: { labels: Record<string, string | number>; value: number; metricName?: string }[]
}

/** Upper bounds in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** Answers the system layer whenever it asks for the app's metrics. Nobody asks where the configuration has no metrics.port. */
export function giveMetrics(balancer: Balancer): void {
  channel('nodeos.metrics').subscribe((give) => (give as (metrics: Metric[]) => void)(metrics(balancer)))
}

/** What this process knows of every backend. */
export function metrics({ pools }: Balancer): Metric[] {
  const members = [...pools].flatMap(([pool, { members }]) =>
    [...members.values()].map((member) => ({ labels: { pool, backend: member.address }, member })),
  )
  const metric = (about: Omit<Metric, 'values'>, value: (member: Member) => number): Metric => ({
    ...about,
    values: members.map(({ labels, member }) => ({ labels, value: value(member) })),
  })
  return [
    metric(
      { name: 'lb_backend_up', type: 'gauge', aggregator: 'min', help: '1 while requests go there.' },
      ({ state }) => Number(state === 'up'),
    ),
    metric(
      { name: 'lb_backend_weight', type: 'gauge', aggregator: 'max', help: 'Share of the requests.' },
      ({ weight }) => weight,
    ),
    metric(
      { name: 'lb_requests_in_flight', type: 'gauge', aggregator: 'sum', help: 'Requests being answered.' },
      ({ counter }) => counter.inflight,
    ),
    metric(
      {
        name: 'lb_requests_total',
        type: 'counter',
        aggregator: 'sum',
        help: 'Requests sent to the backend.',
      },
      ({ counter }) => counter.requests,
    ),
    metric(
      { name: 'lb_failures_total', type: 'counter', aggregator: 'sum', help: 'Requests that it failed.' },
      ({ counter }) => counter.failures,
    ),
    {
      name: 'lb_latency_seconds',
      type: 'histogram',
      aggregator: 'sum',
      help: 'Until the headers of the answer.',
      values: members.flatMap(({ labels, member }) => latencies(labels, member)),
    },
  ]
}

function latencies(labels: Record<string, string>, { counter }: Member): Metric['values'] {
  const { counts, sum, count } = histogram(counter, bounds)
  return [
    ...counts.map((value, index) => ({
      metricName: 'lb_latency_seconds_bucket',
      labels: { le: bounds[index] ?? '+Inf', ...labels },
      value,
    })),
    { metricName: 'lb_latency_seconds_sum', labels, value: sum },
    { metricName: 'lb_latency_seconds_count', labels, value: count },
  ]
}
