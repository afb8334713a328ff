import type { BackendConfig, PoolConfig } from './config.ts'
import { Counter } from './stats.ts'

export type BackendState = 'up' | 'down' | 'ejected' | 'draining'

/** One server that requests can go to: what is known of its health, and what it is doing. */
export class Backend {
  readonly address: string
  readonly host: string
  readonly port: number
  readonly counter = new Counter()
  weight: number
  draining: boolean
  /** Why it is not up; of the last check or the last failure. */
  reason: string | undefined
  private up = true
  private streak = 0
  private failures = 0
  private ejectedUntil = 0
  private readonly pool: Pick<PoolConfig, 'health' | 'ejection'>

  constructor({ address, weight, draining }: BackendConfig, pool: Pick<PoolConfig, 'health' | 'ejection'>) {
    const colon = address.lastIndexOf(':')
    this.address = address
    this.host = address.slice(0, colon).replace(/^\[|\]$/g, '')
    this.port = Number(address.slice(colon + 1))
    this.weight = weight
    this.draining = draining
    this.pool = pool
  }

  get state(): BackendState {
    if (this.draining) return 'draining'
    if (!this.up) return 'down'
    return this.ejectedUntil > 0 && performance.now() < this.ejectedUntil ? 'ejected' : 'up'
  }

  /** The result of an active check: `rise` good ones bring it back, `fall` bad ones take it out. */
  checked(problem: string | undefined): void {
    const good = problem === undefined
    if (good === this.up) {
      this.streak = 0
      return
    }
    this.streak += 1
    if (this.streak < (good ? this.pool.health.rise : this.pool.health.fall)) return
    this.up = good
    this.streak = 0
    this.reason = problem
    if (good) this.ejectedUntil = 0
  }

  /** A request went well, or failed for a reason that is the backend's. */
  served(ms: number, problem: string | undefined): void {
    this.counter.record(ms, problem !== undefined)
    if (problem === undefined) {
      this.failures = 0
      return
    }
    this.failures += 1
    const { failures, seconds } = this.pool.ejection
    if (failures === 0 || this.failures < failures) return
    this.failures = 0
    this.reason = problem
    this.ejectedUntil = performance.now() + seconds * 1000
  }
}
