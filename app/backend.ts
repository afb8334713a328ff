import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { milliseconds } from '#nodeos/duration'
import { Counter } from '#nodeos/request-stats'
import { ConcurrencyLimit } from '#nodeos/concurrency'
import type { BackendConfig, BalancerConfig, PoolConfig } from './config.ts'
import type { Connections } from './connections.ts'
import { http1Connections } from './http1.ts'
import { http2Connections } from './http2.ts'

export type BackendState = 'up' | 'down' | 'ejected' | 'draining'

/** The state of a backend that all processes share. */
export interface Verdict {
  up: boolean
  /** Time of `monotonicMs`; 0 if it is not ejected. */
  ejectedUntil: number
  /** Why it is not up: the last failed check or request. */
  reason?: string | undefined
}

export const well: Verdict = { up: true, ejectedUntil: 0 }

/** Limits of a backend in the configuration. */
export interface BackendLimits {
  timeouts: BalancerConfig['timeouts']
  limits: Pick<BalancerConfig['limits'], 'responseHeaderBytes'>
}

/** Whether the backends of a pool speak HTTP/2. */
export function isHttp2({ protocol }: PoolConfig): boolean {
  return protocol === 'h2c' || protocol === 'h2'
}

/** Whether the connections to the backends of a pool are encrypted. */
export function isSecure({ protocol }: PoolConfig): boolean {
  return protocol === 'https' || protocol === 'h2'
}

/** One server that receives requests: its connections, its health and its figures. */
export class Backend {
  readonly address: string
  readonly host: string
  readonly port: number
  /** Identifies it in a cookie without revealing its address. */
  readonly tag: string
  /** The name for SNI and for verifying its certificate; empty for an IP address. Never a client's Host. */
  readonly serverName: string
  readonly counter = new Counter()
  readonly connections: Connections
  readonly turns: ConcurrencyLimit
  weight: number
  draining: boolean
  verdict = well
  #streak = 0
  #failures = 0
  readonly #pool: PoolConfig
  readonly #decide: (verdict: Verdict) => void

  /** @param decide sets a verdict in all processes */
  constructor(
    { address, weight, draining }: BackendConfig,
    pool: PoolConfig,
    { timeouts, limits: { responseHeaderBytes: headerBytes } }: BackendLimits,
    decide: (verdict: Verdict) => void,
  ) {
    const colon = address.lastIndexOf(':')
    this.address = address
    this.host = address.slice(0, colon).replace(/^\[|\]$/g, '')
    this.port = Number(address.slice(colon + 1))
    this.tag = createHash('sha256').update(address).digest('hex').slice(0, 12)
    this.weight = weight
    this.draining = draining
    this.#pool = pool
    this.#decide = decide
    const connectMs = milliseconds(timeouts.connect)
    this.turns = new ConcurrencyLimit({ most: pool.connections, waiting: pool.queue, waitMs: connectMs })
    const { serverName = isIP(this.host) ? '' : this.host } = pool
    this.serverName = serverName
    const open = isHttp2(pool) ? http2Connections : http1Connections
    this.connections = open({
      ...{ host: this.host, port: this.port, secure: isSecure(pool), serverName },
      connections: pool.connections,
      headerBytes,
      connectMs,
      responseMs: milliseconds(timeouts.response),
      bodyMs: milliseconds(timeouts.body),
    })
  }

  get state(): BackendState {
    if (this.draining) return 'draining'
    const { up, ejectedUntil } = this.verdict
    if (!up) return 'down'
    return ejectedUntil > 0 && monotonicMs() < ejectedUntil ? 'ejected' : 'up'
  }

  /** Records the result of an active check: `rise` good ones bring the backend up, `fall` bad ones take it down. */
  checked(problem: string | undefined): void {
    const good = problem === undefined
    if (good === this.verdict.up) {
      this.#streak = 0
      return
    }
    this.#streak += 1
    if (this.#streak < (good ? this.#pool.health.rise : this.#pool.health.fall)) return
    this.#streak = 0
    this.#decide(good ? well : { ...this.verdict, up: false, reason: problem })
  }

  /** Records that it began to respond to a request, or failed through its own fault. */
  served(ms: number, problem: string | undefined): void {
    this.counter.record(ms, problem !== undefined)
    if (problem !== undefined) this.#failed(problem)
  }

  /** Records a complete response. */
  completed(): void {
    this.#failures = 0
  }

  /** Records a response that broke off in the middle. */
  brokeOff(problem: string): void {
    this.counter.breakOff()
    this.#failed(problem)
  }

  #failed(problem: string): void {
    this.#failures += 1
    const { failures, seconds } = this.#pool.ejection
    if (failures === 0 || this.#failures < failures) return
    this.#failures = 0
    this.#decide({ ...this.verdict, ejectedUntil: monotonicMs() + seconds * 1000, reason: problem })
  }

  /** Ends its use: no requests follow; those in flight continue. */
  close(): void {
    this.turns.letAllBegin()
    this.connections.close()
  }
}

/** Returns a time that is the same in all processes, and independent of the wall clock. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
