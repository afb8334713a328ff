import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import type { Balancer } from '../balancer.ts'
import { limited, TooLarge } from '../body.ts'
import type { BackendConfig } from '../config.ts'
import { type Operator, Refused } from '../operator.ts'
import type { View, watchProcesses } from '../overview.ts'
import { latencyOf } from '../stats.ts'
import { pagePart } from './page.ts'

const mostBytes = 262_144

export interface Answer {
  status: number
  /** An object is sent as JSON. */
  body?: string | object
  headers?: Record<string, string>
}

/** By method and path. They are given the parts of the path that have a colon, decoded. */
export type Routes = Record<
  `${string} /${string}`,
  (request: IncomingMessage, ...parts: string[]) => Answer | Promise<Answer>
>

/** What can be asked for. */
export function api(
  balancer: Balancer,
  operator: Operator,
  lookAround: ReturnType<typeof watchProcesses>,
): Routes {
  /** Puts something else in the place of one backend. */
  const replace = (
    pool: string,
    id: string,
    by: (backend: BackendConfig) => object[],
  ): Promise<BackendConfig[]> =>
    operator.changeBackends(pool, (all) => {
      if (!all.some(({ address }) => address === id)) throw new Refused(404, `there is no backend ${id}`)
      return all.flatMap((each) => (each.address === id ? by(each) : each))
    })
  return {
    'GET /': () => pagePart('html'),
    'GET /page.css': () => pagePart('css'),
    'GET /page.js': () => pagePart('js'),

    'GET /api/backends': () => {
      const { processes, views } = lookAround()
      const pools = [...balancer.pools.values()].map(({ name, config: { algorithm } }) => ({
        name,
        algorithm,
        backends: views.filter(({ pool }) => pool === name).map(describe),
      }))
      const [uptime, version] = [Math.round(process.uptime()), process.versions.node]
      // Whether they are there when Node starts again.
      const changes = balancer.config.admin.changes === undefined ? 'lost' : 'kept'
      return { status: 200, body: { pools, processes, uptime, hostname: hostname(), version, changes } }
    },

    'POST /api/pools/:pool/backends': async (request, pool) => {
      const added = await json(request)
      const changed = await operator.changeBackends(pool, (all) => [...all, added])
      return { status: 201, body: changed.at(-1) ?? {} }
    },

    'PATCH /api/pools/:pool/backends/:backend': async (request, pool, id) => {
      const edit = await json(request)
      if (Object.keys(edit).length === 0) throw new Refused(400, 'weight or draining is needed')
      if ('address' in edit)
        throw new Refused(400, 'an address stays: remove the backend and add another one')
      const changed = await replace(pool, id, (backend) => [{ ...backend, ...edit }])
      return { status: 200, body: changed.find(({ address }) => address === id) ?? {} }
    },

    'DELETE /api/pools/:pool/backends/:backend': async (_request, pool, id) => {
      await replace(pool, id, () => [])
      return { status: 204 }
    },

    'PUT /api/certificates/:port': async (request, port) => {
      const { certificate, key } = await json(request)
      if (typeof certificate !== 'string' || typeof key !== 'string')
        throw new Refused(400, 'certificate and key are needed, each PEM')
      await operator.renewCertificate(port, { certificate, key })
      return { status: 204 }
    },
  }
}

/** A backend as the API shows it. */
function describe({ latencies, failures, ...view }: View): object {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => latencyOf(latencies, share))
  const answered = latencies.reduce((sum, count) => sum + count, 0)
  const errorRate = answered === 0 ? 0 : failures / answered
  return { id: view.address, ...view, errorRate, latency: { p50, p90, p99 } }
}

async function json(request: IncomingMessage): Promise<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(await text(limited(request, mostBytes)))
  } catch (error) {
    if (error instanceof TooLarge) throw new Refused(413, `more than ${mostBytes} bytes`)
    throw new Refused(400, 'the body is not JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Refused(400, 'the body is not a JSON object')
}
