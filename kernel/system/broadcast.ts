import type { Cluster, Worker } from 'node:cluster'
import { type AppMessage, request, type SharedValue, tell } from './messages.ts'

/** A worker that is busy for longer does not delay the others. */
const timeoutMs = 2000

/**
 * Passes on the messages of workers: what one publishes, all others receive. A shared value reaches all workers in the
 * same order, and the sender last, when all others have it. A stale sender receives the current value instead.
 */
export function broadcast(cluster: Pick<Cluster, 'on' | 'workers'>): void {
  const values = new Map<string, SharedValue>()
  let last = Promise.resolve()
  const set = async (from: Worker, key: string, base: number, value: unknown): Promise<void> => {
    const current = values.get(key)
    if ((current?.version ?? 0) !== base) {
      if (current !== undefined) tell([from], current)
      return
    }
    const next = { set: key, version: base + 1, value }
    values.set(key, next)
    const rest = others(cluster, from)
    tell(rest, next)
    await Promise.all(
      rest.map((worker) => request(worker, 'received', null, { timeoutMs }).catch(() => undefined)),
    )
    tell([from], next)
  }
  cluster.on('message', (from: Worker, message: unknown) => {
    if (typeof message !== 'object' || message === null) return
    const request = message as AppMessage
    if ('publish' in request) tell(others(cluster, from), request)
    else if ('set' in request) last = last.then(() => set(from, request.set, request.base, request.value))
    else if ('get' in request) for (const value of values.values()) tell([from], value)
  })
}

function others({ workers }: Pick<Cluster, 'workers'>, from: Worker): Worker[] {
  return Object.values(workers ?? {}).filter((worker) => worker !== undefined && worker !== from) as Worker[]
}
