import type { Worker } from 'node:cluster'
import { answer, ask } from '../messages.ts'
import type { Crew } from '../primary.ts'
import type { Metric } from './metric.ts'

const mark = 'NODE_OS_METRICS'

/**
 * Reads the metrics of all workers. One that does not answer in time counts with its last answer, and what one that
 * has ended counted stays: a counter that goes down is a restart to Prometheus, and all of it an increase.
 *
 * @param question what is asked of a worker; undefined is no answer
 */
export function crewMetrics(
  crew: Pick<Crew, 'members' | 'worker'>,
  question: (worker: Worker) => Promise<Metric[] | undefined> = (worker) => ask(worker, mark),
): () => Promise<Metric[][]> {
  const last = new Map<Worker, Metric[]>()
  let ended: Metric[] = []
  const present = (): Worker[] => crew.members().map(({ worker }) => crew.worker(worker))
  return async () => {
    await Promise.all(
      present().map(async (worker) => {
        const metrics = await question(worker)
        // What comes after its end may have been counted without it.
        if (metrics !== undefined && present().includes(worker)) last.set(worker, metrics)
      }),
    )
    const living = new Set(present())
    for (const [worker, metrics] of last) {
      if (living.has(worker)) continue
      ended = sum(ended, metrics.flatMap(lasting))
      last.delete(worker)
    }
    return [...last.values(), ended]
  }
}

/** In a worker: answers the primary. */
export function answerPrimary(collect: () => Promise<Metric[] | void>): void {
  answer(mark, collect)
}

/** Of a metric, what only grows. */
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

/** Metrics of both, with the values that have the same labels added. */
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
