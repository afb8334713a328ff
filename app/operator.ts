import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendChange, Balancer } from './balancer.ts'
import type { Pair } from './certificates.ts'
import { type BalancerConfig, checked, ConfigError } from './config.ts'
import type { Listener } from './listeners.ts'
import { type BackendView, type Change, type Message, publish, subscribe } from './shared.ts'
import { sum } from './stats.ts'

const statsMs = 1000
/** A process that says nothing for so long is gone. */
const silenceMs = 5000
/** A change counts as made when a process says nothing of it for so long. */
const madeMs = 2000

/** A pool or a backend that is not there. */
export class NotFound extends Error {
  override name = 'NotFound'
}

/** Changes what the balancer does while it runs, in every process, and knows how all of them are doing. */
export class Operator {
  private readonly balancer: Balancer
  private readonly listeners: readonly Listener[]
  private readonly versions = new Map<string, number>()
  private readonly others = new Map<number, { at: number; pools: Record<string, BackendView[]> }>()
  /** Certificates that came after the start, for processes that start later. */
  private readonly pairs = new Map<number, Pair[]>()
  /** Changes of ours, and who has not made them yet. */
  private readonly awaited = new Map<string, { missing: Set<number>; made: () => void }>()
  private changes = 0

  constructor(balancer: Balancer, listeners: readonly Listener[]) {
    this.balancer = balancer
    this.listeners = listeners
    subscribe((message) => this.heard(message))
    publish({ kind: 'hello' })
    if (process.connected) {
      setInterval(() => publish({ kind: 'stats', pid: process.pid, pools: this.own() }), statsMs).unref()
    }
  }

  /** How many processes share the work. */
  get processes(): number {
    return 1 + this.alive().length
  }

  /** Every pool's backends, all processes taken together. */
  view(): Record<string, BackendView[]> {
    const all = [this.own(), ...this.alive()]
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
   * Resolves when all have it: whoever asks next may be answered by another one.
   *
   * @throws {NotFound} when there is no such pool
   * @throws {ConfigError} when the result would be no good configuration; nothing has changed then
   */
  async change(pool: string, edit: (backends: BackendChange[]) => BackendChange[]): Promise<void> {
    const backends = edit(this.backendsOf(pool))
    const pools = { ...this.balancer.config.pools }
    const before = pools[pool]
    if (before === undefined) throw new NotFound(`there is no pool ${pool}`)
    pools[pool] = { ...before, backends: backends.map(({ address, weight }) => ({ address, weight })) }
    checked({ ...this.balancer.config, pools } satisfies BalancerConfig)
    const version = Math.max(Date.now(), (this.versions.get(pool) ?? 0) + 1)
    this.apply(pool, version, backends)
    await this.tell({ kind: 'backends', pool, version, backends })
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
      listener.replaceCertificates(pairs)
    } catch (error) {
      throw new ConfigError(`the certificate cannot be used: ${(error as Error).message}`)
    }
    this.pairs.set(port, pairs)
    await this.tell({ kind: 'certificates', port, pairs })
  }

  /** Resolves when every other process has made a change. */
  private async tell(change: Change): Promise<void> {
    this.alive()
    const missing = new Set(this.others.keys())
    if (missing.size === 0) return publish(change)
    const id = `${process.pid}-${(this.changes += 1)}`
    const { promise, resolve: made } = Promise.withResolvers<void>()
    this.awaited.set(id, { missing, made })
    publish({ ...change, id })
    await Promise.race([promise, sleep(madeMs, undefined, { ref: false })])
    this.awaited.delete(id)
  }

  private apply(pool: string, version: number, backends: BackendChange[]): void {
    if (version <= (this.versions.get(pool) ?? 0)) return
    this.versions.set(pool, version)
    this.balancer.change(pool, backends)
  }

  private heard(message: Message): void {
    this.take(message)
    if ('id' in message && message.id !== undefined && message.kind !== 'made')
      publish({ kind: 'made', id: message.id, pid: process.pid })
  }

  private take(message: Message): void {
    switch (message.kind) {
      case 'backends':
        return this.apply(message.pool, message.version, message.backends)
      case 'certificates':
        this.pairs.set(message.port, message.pairs)
        this.listeners.find(({ port }) => port === message.port)?.replaceCertificates?.(message.pairs)
        return
      case 'made': {
        const awaited = this.awaited.get(message.id)
        awaited?.missing.delete(message.pid)
        if (awaited?.missing.size === 0) awaited.made()
        return
      }
      case 'stats':
        this.others.set(message.pid, { at: Date.now(), pools: message.pools })
        return
      case 'hello':
        for (const [pool, version] of this.versions) {
          publish({ kind: 'backends', pool, version, backends: this.backendsOf(pool) })
        }
        for (const [port, pairs] of this.pairs) publish({ kind: 'certificates', port, pairs })
    }
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

  private alive(): Record<string, BackendView[]>[] {
    for (const [pid, { at }] of this.others) if (Date.now() - at > silenceMs) this.others.delete(pid)
    return [...this.others.values()].map(({ pools }) => pools)
  }
}
