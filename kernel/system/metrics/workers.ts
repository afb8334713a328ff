import type { Worker } from 'node:cluster'
import type { Metric } from '../../kit/metrics.ts'
import { request } from '../messages.ts'
import type { Workers } from '../primary.ts'

/** A busy worker counts with its previous metrics. */
const timeoutMs = 2000

/**
 * Reads the metrics of all workers. A worker that does not respond in time counts with its previous metrics, and the
 * counters of workers that have exited are kept: to Prometheus, a counter that decreases has restarted at 0.
 *
 * @param read reads the metrics of a worker; undefined if it does not respond
 */
export function workerMetrics(
  workers: Pick<Workers, 'list' | 'get'>,
  read: (worker: Worker) => Promise<Metric[] | undefined> = readFrom,
): () => Promise<Metric[][]> {
  const last = new Map<Worker, Metric[]>()
  let exited: Metric[] = []
  const present = (): Worker[] => workers.list().map(({ worker }) => workers.get(worker))
  return async () => {
    await Promise.all(
      present().map(async (worker) => {
        const metrics = await read(worker)
        // The previous metrics of a worker that has exited may already be in the sum.
        if (metrics !== undefined && present().includes(worker)) last.set(worker, metrics)
      }),
    )
    const living = new Set(present())
    for (const [worker, metrics] of last) {
      if (living.has(worker)) continue
      exited = sum(exited, metrics.flatMap(lasting))
      last.delete(worker)
    }
    return [...last.values(), exited]
  }
}

async function readFrom(worker: Worker): Promise<Metric[] | undefined> {
  return request(worker, 'metrics', null, { timeoutMs }).catch(() => undefined)
}

/** Returns the part of a metric that never decreases. */
function lasting(metric: Metric): Metric[] {
  const { type, aggregator } = metric
  if (type === 'gauge' || aggregator !== 'sum') return []
  // A summary's quantiles, unlike its sum and count, have no name of their own.
  return [
    type === 'summary'
      ? { ...metric, values: metric.values.filter(({ metricName }) => metricName !== undefined) }
      : metric,
  ]
}

/** Adds the values that have the same labels. */
function sum(some: Metric[], others: Metric[]): Metric[] {
  const all = new Map(some.map((metric) => [metric.name, metric]))
  for (const metric of others) {
    const values = new Map(all.get(metric.name)?.values.map((value) => [series(value), value]))
    for (const value of metric.values) {
      const key = series(value)
      values.set(key, { ...value, value: value.value + (values.get(key)?.value ?? 0) })
    }
    all.set(metric.name, { ...metric, values: [...values.values()] })
  }
  return [...all.values()]
}

function series({ metricName, labels }: Metric['values'][number]): string {
  return JSON.stringify([metricName, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))])
}
