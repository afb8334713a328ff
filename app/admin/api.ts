import { hostname } from 'node:os'
import { jsonOf, Refused, type Routes } from '#nodeos/api'
import { latencyOf } from '#nodeos/stats'
import type { Balancer } from '../balancer.ts'
import type { BackendConfig } from '../config.ts'
import type { Operator } from '../operator.ts'
import type { Overview, View } from '../overview.ts'
import { pagePart } from './page.ts'

/** The admin API. */
export function api({ pools, config }: Balancer, operator: Operator, { look }: Overview): Routes {
  /** Replaces one backend. */
  const replace = (
    pool: string,
    id: string,
    by: (backend: BackendConfig) => object[],
  ): Promise<BackendConfig[]> =>
    operator.changeBackends(pool, (all) => {
      if (!all.some(({ address }) => address === id)) throw new Refused(404, `backend ${id} does not exist`)
      return all.flatMap((each) => (each.address === id ? by(each) : each))
    })
  return {
    'GET /': () => pagePart('html'),
    'GET /page.css': () => pagePart('css'),
    'GET /page.js': () => pagePart('js'),

    'GET /api/backends': () => {
      const { processes, views } = look()
      const shown = Array.from(pools.values(), ({ name, config: { algorithm } }) => ({
        name,
        algorithm,
        backends: views.filter(({ pool }) => pool === name).map(describe),
      }))
      const [uptime, version] = [Math.round(process.uptime()), process.versions.node]
      // Whether they are there when Node starts again.
      const changes = config.admin.changes === undefined ? 'lost' : 'kept'
      return {
        status: 200,
        body: { pools: shown, processes, uptime, hostname: hostname(), version, changes },
      }
    },

    'POST /api/pools/:pool/backends': async (request, pool) => {
      const added = await jsonOf(request)
      const changed = await operator.changeBackends(pool, (all) => [...all, added])
      return { status: 201, body: changed.at(-1) ?? {} }
    },

    'PATCH /api/pools/:pool/backends/:backend': async (request, pool, id) => {
      const edit = await jsonOf(request)
      if (Object.keys(edit).length === 0) throw new Refused(400, 'set weight or draining')
      if ('address' in edit)
        throw new Refused(400, 'an address cannot be changed: remove the backend and add another one')
      const changed = await replace(pool, id, (backend) => [{ ...backend, ...edit }])
      return { status: 200, body: changed.find(({ address }) => address === id) ?? {} }
    },

    'DELETE /api/pools/:pool/backends/:backend': async (_request, pool, id) => {
      await replace(pool, id, () => [])
      return { status: 204 }
    },

    'PUT /api/certificates/:port': async (request, port) => {
      const { certificate, key } = await jsonOf(request)
      if (typeof certificate !== 'string' || typeof key !== 'string')
        throw new Refused(400, 'certificate and key are required, both as PEM text')
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
