import { channel } from 'node:diagnostics_channel'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Give, Metric } from './metric.ts'

/** Between two looks at how late the event loop is; each wakes an idle machine. */
const lagPrecisionMs = 50

/** Begins to measure this process; returns what reads its metrics and those of the app in it. */
export function processMetrics(): () => Promise<Metric[]> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagPrecisionMs })
  const asked = channel('nodeos.metrics')
  return async () => {
    const ours = (await registry.getMetricsAsJSON()) as object[] as Metric[]
    const given: Promise<Metric[]>[] = []
    const give: Give = (metrics) => given.push(Promise.resolve(metrics))
    asked.publish(give)
    const theirs = (await Promise.all(given)).flat()
    const known = new Set(ours.map(({ name }) => name))
    // An app may measure the process, too: twice would be summed.
    return [...ours, ...theirs.filter(({ name }) => !known.has(name))]
  }
}
