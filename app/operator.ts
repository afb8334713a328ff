import type { BackendChange, Balancer } from './balancer.ts'
import { Certificates, type Pair } from './certificates.ts'
import { checked, ConfigError } from './config.ts'
import type { Listener } from './listeners.ts'
import { type BackendView, type Setting, Shared } from './shared.ts'
import { sum } from './stats.ts'

const statsMs = 1000
/** A process that says nothing for so long is gone. */
const silenceMs = 5000

/** A pool or a backend that is not there. */
export class NotFound extends Error {
  override name = 'NotFound'
}

/** The list with something else in the place of one backend. @throws {NotFound} when it is not in it */
export function replaced(
  backends: readonly BackendChange[],
  address: string,
  by: (backend: BackendChange) => BackendChange[],
): BackendChange[] {
  if (!backends.some((backend) => backend.address === address))
    throw new NotFound(`there is no backend ${address}`)
  return backends.flatMap((backend) => (backend.address === address ? by(backend) : [backend]))
}

/** Changes what the balancer does while it runs, in every process, and knows how all of them are doing. */
export class Operator {
  private readonly balancer: Balancer
  private readonly listeners: readonly Listener[]
  private readonly shared: Shared
  private readonly others = new Map<number, { at: number; pools: Record<string, BackendView[]> }>()

  constructor(balancer: Balancer, listeners: readonly Listener[]) {
    this.balancer = balancer
    this.listeners = listeners
    this.shared = new Shared(
      (setting) => this.apply(setting),
      (pid, pools) => this.others.set(pid, { at: Date.now(), pools }),
    )
    setInterval(() => this.shared.tellStats(this.own()), statsMs).unref()
  }

  /** How many processes share the work. */
  get processes(): number {
    return 1 + this.alive().length
  }

  /** Every pool's backends, all processes taken together. */
  view(): Record<string, BackendView[]> {
    const all = [this.own(), ...this.alive().map((pid) => this.others.get(pid)?.pools ?? {})]
    return Object.fromEntries(
      Object.entries(this.own()).map(([pool, backends]) => [
        pool,
        backends.map((backend) => {
          const seen = all.flatMap(
            (pools) => pools[pool]?.filter(({ address }) => address === backend.address) ?? [],
          )
          const worst = seen.find(({ state }) => state !== 'up') ?? backend
          return { ...backend, ...sum(seen), state: worst.state, reason: worst.reason }
        }),
      ]),
    )
  }

  /**
   * Changes a pool's backends as a whole: all processes get the new list, or, when it is not a good one, none.
   * Resolves when all have it. When somebody else changes the pool meanwhile, the edit is made again, of what he made.
   *
   * @returns the new list
   * @throws {NotFound} when there is no such pool
   * @throws {ConfigError} when the result would be no good configuration; nothing has changed then
   */
  async change(pool: string, edit: (backends: BackendChange[]) => BackendChange[]): Promise<BackendChange[]> {
    for (;;) {
      const base = this.shared.version({ kind: 'backends', pool })
      const backends = edit(this.backendsOf(pool))
      this.check(pool, backends)
      if (await this.shared.change({ kind: 'backends', pool, backends }, base, this.alive())) return backends
    }
  }

  private check(name: string, backends: readonly BackendChange[]): void {
    const { pools, ...config } = this.balancer.config
    const pool = { ...pools[name], backends: backends.map(({ address, weight }) => ({ address, weight })) }
    checked({ ...config, pools: { ...pools, [name]: pool } })
  }

  /** The backends of a pool as they are set now. @throws {NotFound} */
  backendsOf(pool: string): BackendChange[] {
    const found = this.balancer.pools.get(pool)
    if (found === undefined) throw new NotFound(`there is no pool ${pool}`)
    return [...found.members.values()].map(({ address, weight, draining }) => ({ address, weight, draining }))
  }

  /** Replaces a listener's certificates in every process. @throws when it has none, or they are not usable */
  async replaceCertificates(port: number, pairs: Pair[]): Promise<void> {
    const listener = this.listeners.find((each) => each.port === port)
    if (listener?.replaceCertificates === undefined) throw new NotFound(`no https listener has port ${port}`)
    try {
      void new Certificates(pairs)
    } catch (error) {
      throw new ConfigError(`the certificate cannot be used: ${(error as Error).message}`)
    }
    const setting = { kind: 'certificates', port, pairs } as const
    while (!(await this.shared.change(setting, this.shared.version(setting), this.alive())));
  }

  private apply(setting: Setting): void {
    if (setting.kind === 'backends') return this.balancer.change(setting.pool, setting.backends)
    this.listeners.find(({ port }) => port === setting.port)?.replaceCertificates?.(setting.pairs)
  }

  private own(): Record<string, BackendView[]> {
    return Object.fromEntries(
      [...this.balancer.pools].map(([name, { members }]) => [
        name,
        [...members.values()].map(({ address, weight, state, reason, counter }) => ({
          address,
          weight,
          state,
          reason: state === 'up' ? null : (reason ?? null),
          ...counter.snapshot(),
        })),
      ]),
    )
  }

  /** The other processes. */
  private alive(): number[] {
    for (const [pid, { at }] of this.others) if (Date.now() - at > silenceMs) this.others.delete(pid)
    return [...this.others.keys()]
  }
}
