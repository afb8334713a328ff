import { histogram, type Metric } from '#nodeos/metrics'
import type { Backend } from './backend.ts'
import type { Balancer } from './balancer.ts'

type Kind = [
  ...of: [Metric['name'], Metric['type'], Metric['aggregator'], Metric['help']],
  (backend: Backend) => number,
]

const kinds: Kind[] = [
  ['lb_backend_up', 'gauge', 'min', '1 while requests go there.', ({ state }) => Number(state === 'up')],
  ['lb_backend_weight', 'gauge', 'max', 'Share of the requests.', ({ weight }) => weight],
  ['lb_requests_in_flight', 'gauge', 'sum', 'Requests being answered.', ({ counter }) => counter.inflight],
  ['lb_requests_total', 'counter', 'sum', 'Requests sent to the backend.', ({ counter }) => counter.requests],
  ['lb_failures_total', 'counter', 'sum', 'Requests that it failed.', ({ counter }) => counter.failures],
]

/** What this process knows of every backend. */
export function metricsOf(balancer: Balancer): Metric[] {
  const all = balancer.backends().map(({ pool, backend }) => ({
    ...{ labels: { pool: pool.name, backend: backend.address }, backend, counter: backend.counter },
  }))
  const simple = kinds.map(([name, type, aggregator, help, value]): Metric => {
    const values = all.map(({ labels, backend }) => ({ labels, value: value(backend) }))
    return { name, type, aggregator, help, values }
  })
  const latency = { name: 'lb_latency_seconds', help: 'Until the headers of the answer.' }
  return [...simple, histogram(latency, all)]
}
