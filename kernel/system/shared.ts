import type { Cluster, Worker } from 'node:cluster'

/** What workers ask of the primary with `process.send`, and hear of it as `message`. */
type Request =
  | { publish: unknown }
  /** Sets a value that all share, if its version still is `base`. */
  | { set: string; base: number; value: unknown }
  /** Asks for all values that were set. */
  | { get: true }

interface Shared {
  set: string
  /** Counts the changes of the value, from 1. */
  version: number
  value: unknown
}

/**
 * Passes on what workers tell each other: what one publishes, all others hear. A value that one sets, all hear, the
 * sender too, in the same order; who sets it without having heard of the version before hears of that instead.
 */
export function shareAmong(cluster: Pick<Cluster, 'on' | 'workers'>): void {
  const values = new Map<string, Shared>()
  cluster.on('message', (from: Worker, message: unknown) => {
    if (typeof message !== 'object' || message === null) return
    const request = message as Request
    if ('publish' in request) {
      tell(others(cluster, from), request)
    } else if ('set' in request) {
      const now = values.get(request.set)
      if ((now?.version ?? 0) !== request.base) {
        if (now !== undefined) tell([from], now)
        return
      }
      const next = { set: request.set, version: request.base + 1, value: request.value }
      values.set(request.set, next)
      tell([from, ...others(cluster, from)], next)
    } else if ('get' in request) {
      for (const value of values.values()) tell([from], value)
    }
  })
}

function others({ workers }: Pick<Cluster, 'workers'>, from: Worker): Worker[] {
  return Object.values(workers ?? {}).filter((worker) => worker !== undefined && worker !== from) as Worker[]
}

function tell(workers: Worker[], message: object): void {
  for (const worker of workers) if (worker.isConnected()) worker.send(message)
}
