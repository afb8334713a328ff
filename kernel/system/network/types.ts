/** Prints one system event; `details` hold no secrets. */
export type Emit = (stage: 'network' | 'node', event: string, details?: Record<string, unknown>) => void

/** A destination and the way there; without a gateway it is on the link. */
export interface RouteSetting {
  destination: string
  prefix: number
  gateway?: string
}

/** All that an interface and the resolver are told, whether it comes from the configuration or from DHCP. */
export interface Settings {
  address: string
  prefix: number
  broadcast?: string
  /** Seconds from now after which the address is no longer ours; for ever when left out. */
  lifetime?: number
  mtu?: number
  routes: RouteSetting[]
  dns: string[]
  search: string[]
  ntp: string[]
  hostname?: string
}

/** Time as the machine counts it: no calendar, so that setting the clock changes nothing here. */
export interface Clock {
  /** Milliseconds since the machine started. */
  now(): number
  /** Calls back once, no earlier than after `ms`; returns what cancels it. Keeps no process alive. */
  timer(ms: number, callback: () => void): () => void
}

const longestTimer = 2 ** 31 - 1

/** The kernel's monotonic clock: the same for a process and for the one that replaces it. */
export const systemClock: Clock = {
  now() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  timer(ms, callback) {
    const timeout = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimer))
    timeout.unref()
    return () => clearTimeout(timeout)
  },
}
