import type { BackendState } from './backend.ts'
import type { Balancer } from './balancer.ts'
import { contextOf, type Pair } from './certificates.ts'
import { type BackendConfig, checked, ConfigError } from './config.ts'
import type { Listener } from './listeners.ts'
import { Shared, tell } from './shared.ts'
import { type Stats, sum } from './stats.ts'

const statsMs = 1000
/** A process that says nothing for so long is gone. */
const silenceMs = 5000

/** A pool or a backend that is not there. */
export class NotFound extends Error {
  override name = 'NotFound'
}

/** The list with something else in the place of one backend. @throws {NotFound} when it is not in it */
export function replaced(
  backends: readonly BackendConfig[],
  address: string,
  by: (backend: BackendConfig) => BackendConfig[],
): BackendConfig[] {
  if (backends.some((backend) => backend.address === address))
    return backends.flatMap((backend) => (backend.address === address ? by(backend) : [backend]))
  throw new NotFound(`there is no backend ${address}`)
}

/** One backend as one process sees it. */
export interface BackendView extends Stats {
  address: string
  weight: number
  state: BackendState
  reason: string | null
}

type View = Record<string, BackendView[]>

/** What operators have changed since the start. */
interface Changes {
  /** By name of the pool. */
  backends: Record<string, BackendConfig[]>
  /** By port of the listener. */
  certificates: Record<number, Pair[]>
}

/** Changes what the balancer does while it runs, in every process, and knows how all of them are doing. */
export class Operator {
  readonly balancer: Balancer
  private readonly listeners: readonly Listener[]
  private readonly changes: Shared<Changes>
  private readonly others = new Map<number, { at: number; view: View }>()

  constructor(balancer: Balancer, listeners: readonly Listener[]) {
    this.balancer = balancer
    this.listeners = listeners
    this.changes = new Shared<Changes>('changes', { backends: {}, certificates: {} }, (changes) =>
      this.apply(changes),
    )
    process.on('message', ({ publish }: { publish?: { pid: number; view: View } }) => {
      if (publish !== undefined) this.others.set(publish.pid, { at: Date.now(), view: publish.view })
    })
    setInterval(() => {
      for (const { members } of balancer.pools.values())
        for (const { counter } of members.values()) counter.tick()
      tell({ publish: { pid: process.pid, view: this.own() } })
    }, statsMs).unref()
  }

  /** How many processes share the work. */
  get processes(): number {
    return this.views().length
  }

  /** Every pool's backends, all processes taken together. */
  view(): View {
    const [own, ...others] = this.views()
    const together = (pool: string, backend: BackendView): BackendView => {
      const seen = others.flatMap(
        (view) => view[pool]?.filter(({ address }) => address === backend.address) ?? [],
      )
      const { state, reason } = [backend, ...seen].find(({ state }) => state !== 'up') ?? backend
      return { ...backend, ...seen.reduce(sum, backend), state, reason }
    }
    return Object.fromEntries(
      Object.entries(own).map(([pool, backends]) => [
        pool,
        backends.map((backend) => together(pool, backend)),
      ]),
    )
  }

  /**
   * Changes a pool's backends as a whole: all processes get the new list, or, when it is not a good one, none.
   *
   * @returns the new list
   * @throws {NotFound} when there is no such pool
   * @throws {ConfigError} when the result would be no good configuration; nothing has changed then
   */
  async changeBackends(
    name: string,
    edit: (backends: BackendConfig[]) => BackendConfig[],
  ): Promise<BackendConfig[]> {
    const { backends } = await this.changes.change((changes) => {
      const { pools, ...config } = this.balancer.config
      const pool = this.balancer.pools.get(name)
      if (pool === undefined) throw new NotFound(`there is no pool ${name}`)
      const now = Array.from(pool.members.values(), ({ address, weight, draining }) => ({
        address,
        weight,
        draining,
      }))
      const wanted = { ...config, pools: { ...pools, [name]: { ...pool.config, backends: edit(now) } } }
      const { backends = [] } = checked(wanted).pools[name] ?? {}
      return { ...changes, backends: { ...changes.backends, [name]: backends } }
    })
    return backends[name] ?? []
  }

  /** Replaces a listener's certificates in every process. @throws when it has none, or they are not usable */
  async replaceCertificates(port: number, pairs: Pair[]): Promise<void> {
    if (!this.listeners.some((listener) => listener.port === port && listener.certificates !== undefined))
      throw new NotFound(`no https listener has port ${port}`)
    try {
      pairs.forEach(contextOf)
    } catch (error) {
      throw new ConfigError(`the certificate cannot be used: ${(error as Error).message}`)
    }
    await this.changes.change((changes) => ({
      ...changes,
      certificates: { ...changes.certificates, [port]: pairs },
    }))
  }

  private apply({ backends, certificates }: Changes): void {
    for (const [pool, wanted] of Object.entries(backends)) this.balancer.change(pool, wanted)
    for (const listener of this.listeners) {
      const pairs = certificates[listener.port]
      if (pairs !== undefined) listener.certificates?.replace(pairs)
    }
  }

  private own(): View {
    return Object.fromEntries(
      [...this.balancer.pools].map(([name, { members }]) => [
        name,
        [...members.values()].map(({ address, weight, state, reason, counter }) => ({
          ...{ address, weight, state, reason: state === 'up' ? null : (reason ?? null) },
          ...counter.snapshot(),
        })),
      ]),
    )
  }

  /** Of every process that is there, this one first. */
  private views(): [View, ...View[]] {
    for (const [pid, { at }] of this.others) if (Date.now() - at > silenceMs) this.others.delete(pid)
    return [this.own(), ...Array.from(this.others.values(), ({ view }) => view)]
  }
}
