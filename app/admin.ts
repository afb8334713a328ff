import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Answer, jsonOf, Refused, type Routes } from '#nodeos/api'
import { entryOf, type Pair, renewed } from '#nodeos/certificates'
import { shared } from '#nodeos/shared'
import { latencyOf } from '#nodeos/request-stats'
import type { Balancer } from './balancer.ts'
import { type BackendConfig, checked } from './config.ts'
import type { Listener } from './listeners.ts'
import type { Overview, View } from './metrics.ts'

/** Returns the routes of the admin API. */
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
      // Whether changes survive a restart of Node.
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

/** Describes a backend for the API. */
function describe({ latencies, failures, ...view }: View): object {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => latencyOf(latencies, share))
  const answered = latencies.reduce((sum, count) => sum + count, 0)
  const errorRate = answered === 0 ? 0 : failures / answered
  return { id: view.address, ...view, errorRate, latency: { p50, p90, p99 } }
}

/** Changes that operators have made since the start. */
interface Changes {
  /** Backends by name of the pool. */
  backends: Record<string, BackendConfig[]>
  /** All certificates of a listener, by its port. */
  certificates: Record<string, Pair[]>
}

export type Operator = ReturnType<typeof operator>

/** Changes the configuration of all processes at run time; a change that is rejected changes nothing. */
export function operator({ config, pools }: Balancer, listeners: readonly Listener[]) {
  const none: Changes = { backends: {}, certificates: {} }
  const apply = ({ backends, certificates }: Changes): void => {
    for (const [name, wanted] of Object.entries(backends)) pools.get(name)?.change(wanted)
    for (const listener of listeners) listener.certificates?.replace(certificates[listener.port] ?? [])
  }
  const change = shared('changes', none, apply, config.admin.changes)
  return {
    /** Replaces all backends of a pool. @returns the new list @throws {Refused | ConfigError} */
    async changeBackends(name: string, edit: (all: BackendConfig[]) => object[]): Promise<BackendConfig[]> {
      const pool = pools.get(name)
      if (pool === undefined) throw new Refused(404, `pool ${name} does not exist`)
      const { backends } = await change((changes) => {
        const wanted = { ...pool.config, backends: edit(changes.backends[name] ?? pool.config.backends) }
        const { backends = [] } =
          checked({ ...config, pools: { ...config.pools, [name]: wanted } }).pools[name] ?? {}
        return { ...changes, backends: { ...changes.backends, [name]: backends } }
      })
      return backends[name] ?? []
    },

    /** Renews a certificate of a listener, see `renewed`. @throws {Refused} if the certificate or the listener is unsuitable */
    async renewCertificate(port: string, pair: Pair): Promise<void> {
      const own = listeners.find((each) => String(each.port) === port)?.certificates
      if (own === undefined) throw new Refused(404, `no https listener uses port ${port}`)
      try {
        entryOf(pair)
      } catch (error) {
        throw new Refused(400, `invalid certificate: ${(error as Error).message}`)
      }
      await change(({ backends, certificates }) => ({
        backends,
        certificates: { ...certificates, [port]: renewed(certificates[port] ?? own.pairs, pair) },
      }))
    },
  }
}

/** Content security policy: scripts, styles and requests of this server only. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const types: Record<string, string> = { html: 'text/html', css: 'text/css', js: 'text/javascript' }

/** Returns a file of the admin page. */
export function pagePart(kind: string): Answer {
  const body = readFileSync(join(import.meta.dirname, 'admin', `page.${kind}`), 'utf8')
  const headers = { 'content-type': `${types[kind]}; charset=utf-8`, 'content-security-policy': policy }
  return { status: 200, body, headers: { ...headers, 'referrer-policy': 'no-referrer' } }
}
