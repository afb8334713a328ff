import { freemem, loadavg, totalmem, uptime } from 'node:os'
import type { Operator } from './operator.ts'
import { latencyOf, rateOf } from './stats.ts'

interface Metric {
  name: string
  type: 'counter' | 'gauge'
  help: string
  samples: [labels: Record<string, string>, value: number][]
}

const quantiles = [0.5, 0.9, 0.99] as const

/** What a Prometheus scrapes, in its text format: the machine, and every backend, all processes taken together. */
export function metricsText(operator: Operator): string {
  return [...machineMetrics(operator), ...backendMetrics(operator)].map(format).join('')
}

function machineMetrics({ processes }: Operator): Metric[] {
  return [
    gauge('nodeos_uptime_seconds', 'Seconds since power-on.', uptime()),
    gauge('nodeos_memory_bytes', 'Memory of the machine.', totalmem()),
    gauge('nodeos_memory_available_bytes', 'Memory that is free or can be freed.', freemem()),
    gauge('nodeos_load1', 'Load average over a minute.', loadavg()[0] ?? 0),
    gauge('nodeos_processes', 'Processes that share the work.', processes),
  ]
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, samples: [[{}, value]] }
}

function backendMetrics(operator: Operator): Metric[] {
  const views = Object.entries(operator.view()).flatMap(([pool, backends]) =>
    backends.map((backend) => ({ labels: { pool, backend: backend.address }, backend })),
  )
  const metric = (
    [name, type, help]: [string, Metric['type'], string],
    value: (backend: (typeof views)[number]['backend']) => number,
  ): Metric => ({ name, type, help, samples: views.map(({ labels, backend }) => [labels, value(backend)]) })
  return [
    metric(['lb_backend_up', 'gauge', '1 while requests go there.'], ({ state }) => Number(state === 'up')),
    metric(['lb_backend_weight', 'gauge', 'Share of the requests.'], ({ weight }) => weight),
    metric(
      ['lb_requests_in_flight', 'gauge', 'Requests that are being answered.'],
      ({ inflight }) => inflight,
    ),
    metric(['lb_requests_total', 'counter', 'Requests sent to the backend.'], ({ requests }) => requests),
    metric(['lb_failures_total', 'counter', 'Requests that it failed.'], ({ failures }) => failures),
    metric(['lb_requests_per_second', 'gauge', 'Over the last seconds.'], ({ seconds }) => rateOf(seconds)),
    {
      name: 'lb_latency_seconds',
      type: 'gauge',
      help: 'Until the headers of the answer, over the last minute, by quantile.',
      samples: views.flatMap(({ labels, backend }) =>
        quantiles.map((quantile): Metric['samples'][number] => [
          { ...labels, quantile: String(quantile) },
          latencyOf(backend.latencies, quantile) / 1000,
        ]),
      ),
    },
  ]
}

function format({ name, type, help, samples }: Metric): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(
      ([label, text]) => `${label}="${text.replaceAll(/["\\\n]/g, '\\$&')}"`,
    )
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
