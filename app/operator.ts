import { Refused } from '#nodeos/api'
import { entryOf, type Pair, renewed } from '#nodeos/certificates'
import { shared } from '#nodeos/shared'
import type { Balancer } from './balancer.ts'
import { type BackendConfig, checked } from './config.ts'
import type { Listener } from './listeners.ts'

/** What operators have changed since the start. */
interface Changes {
  /** By name of the pool. */
  backends: Record<string, BackendConfig[]>
  /** Of listeners, by their port: all that they have. */
  certificates: Record<string, Pair[]>
}

export type Operator = ReturnType<typeof operator>

/** Changes what the balancer does while it runs, in every process; or refuses it, and nothing has changed. */
export function operator({ config, pools }: Balancer, listeners: readonly Listener[]) {
  const none: Changes = { backends: {}, certificates: {} }
  const apply = ({ backends, certificates }: Changes): void => {
    for (const [name, wanted] of Object.entries(backends)) pools.get(name)?.change(wanted)
    for (const listener of listeners) listener.certificates?.replace(certificates[listener.port] ?? [])
  }
  const change = shared('changes', none, apply, config.admin.changes)
  return {
    /** Changes a pool's backends as a whole. @returns the new list @throws {Refused | ConfigError} */
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

    /** Gives a listener a certificate, see `renewed`. @throws {Refused} when it takes none, or it is not usable */
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
