/** Prometheus metrics: a bundle of its own, loaded when the configuration asks for them. */
import { createServer } from 'node:http'
import { AggregatorRegistry, type Registry } from 'prom-client'
import type { GuestConfig } from '../../contract/guest-config.ts'
import type { Emit } from '../event.ts'
import type { Crew } from '../primary.ts'
import { answerPrimary, crewMetrics } from './workers.ts'
import { machineMetrics } from './procfs.ts'
import type { Metric } from './metric.ts'
import { processMetrics } from './process.ts'

export interface Served {
  /** Where and what to serve; a port must be there. */
  metrics: GuestConfig['metrics']
  /** The processes that run the app, when it is not this one. */
  crew: Crew | undefined
  /** How often Node was started since power-on. */
  starts: number
  emit: Emit
}

/** Serves the metrics of the machine, of the processes that run the app taken together, and of the app. */
export function serveMetrics({ metrics: { port, path }, crew, starts, emit }: Served): void {
  const collect = crew === undefined ? collectHere() : crewMetrics(crew)
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== path) {
      response.writeHead(404).end()
      return
    }
    text(collect, { crew, starts }).then(
      ({ body, type }) => response.writeHead(200, { 'content-type': type }).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  // An app that has closed what it opened may end.
  server.unref().on('connection', (socket) => socket.unref())
  server.on('error', ({ message }) => emit('app', 'metrics.failed', { port, error: message }))
  server.listen(port)
}

/** In a worker: answers the primary with the metrics of this process. */
export function shareMetrics(emit: Emit): void {
  const collect = processMetrics()
  answerPrimary(() =>
    collect().catch((error: unknown) => {
      emit('app', 'metrics.failed', { error: String(error) })
    }),
  )
}

function collectHere(): () => Promise<Metric[][]> {
  const collect = processMetrics()
  return async () => [await collect()]
}

async function text(
  collect: () => Promise<Metric[][]>,
  machine: Pick<Served, 'crew' | 'starts'>,
): Promise<{ body: string; type: string }> {
  const registry: Registry = AggregatorRegistry.aggregate([machineMetrics(machine), ...(await collect())])
  return { body: await registry.metrics(), type: registry.contentType }
}
