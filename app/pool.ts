import { type Algorithm, algorithm } from './algorithms.ts'
import { Backend, type BackendLimits, isHttp2, type Verdict } from './backend.ts'
import type { BackendConfig, PoolConfig } from './config.ts'

/** Backends that do the same, and the way to choose among them. */
export class Pool {
  readonly name: string
  readonly config: PoolConfig
  readonly backends = new Map<string, Backend>()
  /** What becomes of a verdict. */
  decide = (backend: Backend, verdict: Verdict): void => void (backend.verdict = verdict)
  onAdded?: (backend: Backend) => void
  /** Whether the backends speak HTTP/2. */
  readonly isHttp2: boolean
  private readonly limits: BackendLimits
  private readonly choose: Algorithm

  constructor(name: string, config: PoolConfig, limits: BackendLimits) {
    this.name = name
    this.config = config
    this.limits = limits
    this.isHttp2 = isHttp2(config)
    this.choose = algorithm(config.algorithm)
    this.change(config.backends)
  }

  /** The backends that it shall have from now on; requests in flight go on where they are. */
  change(wanted: readonly BackendConfig[]): void {
    const addresses = new Set(wanted.map(({ address }) => address))
    for (const [address, backend] of this.backends) {
      if (addresses.has(address)) continue
      this.backends.delete(address)
      backend.close()
    }
    for (const config of wanted) {
      const { address, weight, draining } = config
      const known = this.backends.get(address)
      if (known !== undefined) Object.assign(known, { weight, draining })
      else {
        const backend = new Backend(config, this.config, this.limits, (verdict) =>
          this.decide(backend, verdict),
        )
        this.backends.set(address, backend)
        this.onAdded?.(backend)
      }
    }
  }

  /**
   * The backend for a request, or undefined when none can take it.
   *
   * @param client address, for consistent hashing
   * @param tag of the backend that a cookie asks for
   * @param tried backends that have failed this request
   */
  pick(client: string, tag: string | undefined, tried: ReadonlySet<Backend>): Backend | undefined {
    const [up, ejected]: [Backend[], Backend[]] = [[], []]
    for (const backend of this.backends.values()) {
      if (tried.has(backend)) continue
      const { state, weight } = backend
      // A backend that drains keeps the clients that it has.
      if (backend.tag === tag && (state === 'up' || state === 'draining')) return backend
      if (weight > 0 && state === 'up') up.push(backend)
      else if (weight > 0 && state === 'ejected') ejected.push(backend)
    }
    // Requests that failed must not empty a pool: better an ejected backend than none.
    const able = up.length > 0 ? up : ejected
    return able.length > 1 ? this.choose(able, client) : able[0]
  }

  /** Whether a request that these have failed can go to another one. */
  hasOther(tried: ReadonlySet<Backend>): boolean {
    for (const backend of this.backends.values())
      if (!tried.has(backend) && backend.weight > 0 && backend.state === 'up') return true
    return false
  }
}
