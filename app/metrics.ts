import { shareFigures } from '#nodeos/figures'
import { histogram, type Metric } from '#nodeos/metrics'
import { type Stats, sum } from '#nodeos/request-stats'
import type { Backend } from './backend.ts'
import type { Balancer } from './balancer.ts'

type Kind = [
  ...of: [Metric['name'], Metric['type'], Metric['aggregator'], Metric['help']],
  (backend: Backend) => number,
]

const kinds: Kind[] = [
  [
    ...(['lb_backend_up', 'gauge', 'min', '1 if the backend is up and receives requests, else 0.'] as const),
    ({ state }) => Number(state === 'up'),
  ],
  ['lb_backend_weight', 'gauge', 'max', 'Weight of the backend.', ({ weight }) => weight],
  ['lb_requests_in_flight', 'gauge', 'sum', 'Requests in flight.', ({ counter }) => counter.inflight],
  ['lb_requests_total', 'counter', 'sum', 'Requests sent to the backend.', ({ counter }) => counter.requests],
]

const failures =
  'Requests that the backend failed: it was unavailable, or its response broke off in the middle.'

/** Returns the metrics of every backend in this process. */
export function metricsOf(balancer: Balancer): Metric[] {
  const all = balancer.backends().map(({ pool, backend }) => ({
    ...{ labels: { pool: pool.name, backend: backend.address }, backend, counter: backend.counter },
  }))
  const simple = kinds.map(([name, type, aggregator, help, value]): Metric => {
    const values = all.map(({ labels, backend }) => ({ labels, value: value(backend) }))
    return { name, type, aggregator, help, values }
  })
  const failed = all.flatMap(({ labels, counter: { failures, brokenOff } }) => [
    { labels: { ...labels, reason: 'unavailable' }, value: failures - brokenOff },
    { labels: { ...labels, reason: 'broken_off' }, value: brokenOff },
  ])
  const latency = { name: 'lb_latency_seconds', help: 'Time until the response headers arrived, in seconds.' }
  return [
    ...simple,
    { name: 'lb_failures_total', type: 'counter', aggregator: 'sum', help: failures, values: failed },
    histogram(latency, all),
  ]
}

/** Figures of a backend in one process, or in all. */
export type View = ReturnType<typeof viewsOf>[number]

/** The figures of all processes. */
export interface Overview {
  /** Whether this process runs the health checks for all: the one with the lowest pid does. */
  isChecker: () => boolean
  /** Sums the figures of all processes. */
  look: () => { processes: number; views: View[] }
}

/** Exchanges the figures of the backends with the other processes. */
export function watchProcesses(balancer: Balancer): Overview {
  const others = shareFigures(() => {
    // Figures are read through the admin port only: an empty list shows that this process is alive.
    if (balancer.config.admin.port === undefined) return []
    for (const { backend } of balancer.backends()) backend.counter.tick()
    return viewsOf(balancer)
  })
  return {
    isChecker: () => others().every(({ pid }) => pid > process.pid),
    look() {
      const told = others()
      const views = viewsOf(balancer).map((own) => {
        const same = ({ pool, address }: View): boolean => pool === own.pool && address === own.address
        return { ...own, ...told.flatMap(({ told }) => told.filter(same)).reduce<Stats>(sum, own) }
      })
      return { processes: 1 + told.length, views }
    },
  }
}

function viewsOf(balancer: Balancer) {
  return balancer.backends().map(({ pool, backend: { address, weight, state, verdict, counter } }) => ({
    ...{ pool: pool.name, address, weight, state },
    reason: state === 'up' ? null : (verdict.reason ?? null),
    ...counter.snapshot(),
  }))
}
