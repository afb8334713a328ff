/** Prometheus metrics: a bundle of its own, loaded if the configuration has `metrics.port`. */
import { channel } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client'
import type { GuestConfig } from '../../contract/guest-config.ts'
import type { Give, Metric } from '../../kit/metrics.ts'
import type { Emit } from '../event.ts'
import { respond } from '../messages.ts'
import type { Workers } from '../primary.ts'
import { machineMetrics } from './procfs.ts'
import { workerMetrics } from './workers.ts'

export interface Served {
  /** Where to serve; it has a port. */
  metrics: GuestConfig['metrics']
  /** The workers, if another process than this one runs the app. */
  workers: Workers | undefined
  /** How often Node was started since power-on. */
  starts: number
  emit: Emit
}

/** Serves the metrics of the machine, and the sums of those of the app's processes and of the app. */
export function serveMetrics({ metrics: { port, path }, workers, starts, emit }: Served): void {
  const collect = workers === undefined ? collectHere() : workerMetrics(workers)
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== path) {
      response.writeHead(404).end()
      return
    }
    text(collect, { workers, starts }).then(
      ({ body, type }) => response.writeHead(200, { 'content-type': type }).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  // The server must not keep the process of an app alive.
  server.unref().on('connection', (socket) => socket.unref())
  server.on('error', ({ message }) => emit('app', 'metrics.failed', { port, error: message }))
  server.listen(port)
}

/** In a worker: responds to the primary with the metrics of this process. */
export function shareMetrics(emit: Emit): void {
  const collect = processMetrics()
  respond('metrics', () =>
    collect().catch((error: unknown) => {
      emit('app', 'metrics.failed', { error: String(error) })
      throw error
    }),
  )
}

function collectHere(): () => Promise<Metric[][]> {
  const collect = processMetrics()
  return async () => [await collect()]
}

async function text(
  collect: () => Promise<Metric[][]>,
  machine: Pick<Served, 'workers' | 'starts'>,
): Promise<{ body: string; type: string }> {
  const registry: Registry = AggregatorRegistry.aggregate([machineMetrics(machine), ...(await collect())])
  return { body: await registry.metrics(), type: registry.contentType }
}

/** Interval at which the event-loop lag is measured; each measurement wakes an idle machine. */
const lagPrecisionMs = 50

/** Starts to measure this process. Returns a function that reads its metrics and those of the app in it. */
function processMetrics(): () => Promise<Metric[]> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagPrecisionMs })
  const appMetrics = channel('nodeos.metrics')
  return async () => {
    const ours = (await registry.getMetricsAsJSON()) as object[] as Metric[]
    const given: Promise<Metric[]>[] = []
    const give: Give = (metrics) => given.push(Promise.resolve(metrics))
    appMetrics.publish(give)
    const theirs = (await Promise.all(given)).flat()
    const known = new Set(ours.map(({ name }) => name))
    // An app may measure the process too, and the sum would count it twice.
    return [...ours, ...theirs.filter(({ name }) => !known.has(name))]
  }
}
