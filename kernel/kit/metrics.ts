import { channel } from 'node:diagnostics_channel'
import { type Counter, upperMs } from './request-stats.ts'

/** A metric with its samples, as prom-client's `getMetricsAsJSON` returns it. */
export interface Metric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram' | 'summary'
  /** How the values of several processes are combined. */
  aggregator: 'sum' | 'first' | 'min' | 'max' | 'average' | 'omit'
  values: { labels: Record<string, string | number>; value: number; metricName?: string }[]
}

/** The message of the diagnostics channel `nodeos.metrics`: the app calls it with its metrics. */
export type Give = (metrics: Metric[] | Promise<Metric[]>) => void

type Labels = Record<string, string | number>

/** Upper bounds in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Infinity]

/** Adds metrics to those of the machine, on `metrics.port` of config/system.json. Several processes are summed. */
export function giveMetrics(metrics: () => Metric[]): void {
  channel('nodeos.metrics').subscribe((give) => (give as Give)(metrics()))
}

/** Creates a Prometheus histogram from counters. */
export function histogram(
  { name, help }: Pick<Metric, 'name' | 'help'>,
  counted: readonly { labels: Labels; counter: Counter }[],
): Metric {
  const values = counted.flatMap(({ labels, counter: { latencies, totalMs, requests } }) => {
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
  })
  return { name, type: 'histogram', aggregator: 'sum', help, values }
}
