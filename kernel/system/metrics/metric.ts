/** A metric with its samples, as prom-client's `getMetricsAsJSON` gives it. */
export interface Metric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram' | 'summary'
  /** What becomes of the values of several processes. */
  aggregator: 'sum' | 'first' | 'min' | 'max' | 'average' | 'omit'
  values: { labels: Record<string, string | number>; value: number; metricName?: string }[]
}

/** What an app calls with its own metrics, when it is asked on the diagnostics channel `nodeos.metrics`. */
export type Give = (metrics: Metric[] | Promise<Metric[]>) => void
