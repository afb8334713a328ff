import type { Cluster, Worker } from 'node:cluster'
import { answer, ask } from './messages.ts'

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

const mark = 'NODE_OS_HEARD'

/**
 * Passes on what workers tell each other: what one publishes, all others hear. A value that one sets, all hear in the
 * same order, the sender last: what it knows, all know. Who sets it without having heard of the version before hears
 * of that instead.
 */
export function shareAmong(cluster: Pick<Cluster, 'on' | 'workers'>): void {
  const values = new Map<string, Shared>()
  let turn = Promise.resolve()
  const set = async (from: Worker, key: string, base: number, value: unknown): Promise<void> => {
    const now = values.get(key)
    if ((now?.version ?? 0) !== base) return tell(now === undefined ? [] : [from], now)
    const next = { set: key, version: base + 1, value }
    values.set(key, next)
    const rest = others(cluster, from)
    tell(rest, next)
    await Promise.all(rest.map((worker) => ask(worker, mark)))
    tell([from], next)
  }
  cluster.on('message', (from: Worker, message: unknown) => {
    if (typeof message !== 'object' || message === null) return
    const request = message as Request
    if ('publish' in request) tell(others(cluster, from), request)
    else if ('set' in request) turn = turn.then(() => set(from, request.set, request.base, request.value))
    else if ('get' in request) for (const value of values.values()) tell([from], value)
  })
}

/** In a worker: says when the app has heard what was set. */
export function hearShared(): void {
  answer(mark, () => true)
}

function others({ workers }: Pick<Cluster, 'workers'>, from: Worker): Worker[] {
  return Object.values(workers ?? {}).filter((worker) => worker !== undefined && worker !== from) as Worker[]
}

function tell(workers: Worker[], message: object | undefined): void {
  for (const worker of workers) if (worker.isConnected()) worker.send(message as object)
}
