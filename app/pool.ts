import { hash } from 'node:crypto'
import { Backend, type BackendLimits, isHttp2, type Verdict } from './backend.ts'
import type { BackendConfig, PoolConfig } from './config.ts'

/** Interchangeable backends, and the way to choose among them. */
export class Pool {
  readonly name: string
  readonly config: PoolConfig
  readonly backends = new Map<string, Backend>()
  /** Applies a verdict. */
  decide = (backend: Backend, verdict: Verdict): void => void (backend.verdict = verdict)
  onAdded?: (backend: Backend) => void
  /** Whether the backends speak HTTP/2. */
  readonly isHttp2: boolean
  readonly #limits: BackendLimits
  readonly #choose: Algorithm

  constructor(name: string, config: PoolConfig, limits: BackendLimits) {
    this.name = name
    this.config = config
    this.#limits = limits
    this.isHttp2 = isHttp2(config)
    this.#choose = algorithm(config.algorithm)
    this.change(config.backends)
  }

  /** Replaces the backends; requests in flight continue. */
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
        const backend = new Backend(config, this.config, this.#limits, (verdict) =>
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
      // A backend that drains keeps its clients.
      if (backend.tag === tag && (state === 'up' || state === 'draining')) return backend
      if (weight > 0 && state === 'up') up.push(backend)
      else if (weight > 0 && state === 'ejected') ejected.push(backend)
    }
    // Failed requests must not empty a pool: an ejected backend is better than none.
    const able = up.length > 0 ? up : ejected
    return able.length > 1 ? this.#choose(able, client) : able[0]
  }

  /** Whether another backend can receive a request that failed on these. */
  hasOther(tried: ReadonlySet<Backend>): boolean {
    for (const backend of this.backends.values())
      if (!tried.has(backend) && backend.weight > 0 && backend.state === 'up') return true
    return false
  }
}

/** Chooses among one or more available backends, each with a weight above 0. */
export type Algorithm = (backends: readonly Backend[], client: string) => Backend | undefined

const algorithms: Record<PoolConfig['algorithm'], () => Algorithm> = {
  'round-robin': roundRobin,
  'least-connections': () => leastConnections,
  'power-of-two': () => powerOfTwo,
  'consistent-hash': () => consistentHash,
}

/** Returns a chooser of its own: round robin has state. */
export function algorithm(name: PoolConfig['algorithm']): Algorithm {
  return algorithms[name]()
}

/** Smooth weighted round robin: turns are spread evenly, never in bursts. */
function roundRobin(): Algorithm {
  const credits = new WeakMap<Backend, number>()
  return (backends) => {
    let best: Backend | undefined
    let most = -Infinity
    let total = 0
    for (const backend of backends) {
      const credit = (credits.get(backend) ?? 0) + backend.weight
      credits.set(backend, credit)
      total += backend.weight
      if (credit > most) [best, most] = [backend, credit]
    }
    if (best !== undefined) credits.set(best, most - total)
    return best
  }
}

function load({ counter, weight }: Backend): number {
  return (counter.inflight + 1) / weight
}

/** Chooses randomly among equally loaded backends, so that processes do not all choose the same. */
function leastConnections(backends: readonly Backend[]): Backend | undefined {
  const least = Math.min(...backends.map(load))
  const idle = backends.filter((backend) => load(backend) === least)
  return idle[Math.floor(Math.random() * idle.length)]
}

/** Chooses the less loaded of two random backends. */
function powerOfTwo(backends: readonly Backend[]): Backend | undefined {
  const [one, other] = [atRandom(backends), atRandom(backends)]
  if (one === undefined || other === undefined) return one
  return one.counter.inflight / one.weight <= other.counter.inflight / other.weight ? one : other
}

function atRandom(backends: readonly Backend[]): Backend | undefined {
  let left = Math.random() * backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends.find(({ weight }) => (left -= weight) < 0) ?? backends.at(-1)
}

/** Weighted rendezvous hashing: a backend that is added or removed moves only its own share of the clients. */
function consistentHash(backends: readonly Backend[], client: string): Backend | undefined {
  let best: Backend | undefined
  let highest = -Infinity
  for (const backend of backends) {
    const score = -backend.weight / Math.log(unitHash(`${client} ${backend.address}`))
    if (score > highest) [best, highest] = [backend, score]
  }
  return best
}

/** Hashes a text to a number between 0 and 1. */
function unitHash(text: string): number {
  return (hash('sha1', text, 'buffer').readUInt32LE() + 0.5) / 2 ** 32
}
