import type { Cluster, Worker } from 'node:cluster'
import { chunksOf, type Failure, type Params } from '../contract/control.ts'
import type { Metric } from '../kit/metrics.ts'

/**
 * Messages between the primary and its workers. The primary sends a request; the worker responds with any number of
 * chunks, then with a result or an error. Each bundle of the system layer has its own copy of this module, so the
 * name of the request is in every message.
 */
export interface Requests {
  /** Runs a method of the control channel in the app's process. */
  control: { params: { method: string; params: Params }; result: unknown }
  /** Reads the metrics of the process and of the app in it. */
  metrics: { params: null; result: Metric[] }
  /** Confirms that the app has received the messages sent before. */
  received: { params: null; result: null }
}

type Name = keyof Requests

/**
 * Node emits messages whose `cmd` begins with NODE_ as `internalMessage`: the listeners of the app do not receive
 * them, and they do not keep a process alive.
 */
const cmd = 'NODE_OS'

interface Header {
  cmd: typeof cmd
  request: Name
  id: number
}
/** From the primary: a request, or whether it has passed on the last chunk. */
type Order = Header & ({ params: unknown } | { taken: boolean })
/** From a worker. */
type Reply = Header & ({ chunk: string } | { result: unknown } | { error: Failure })

/** Passes on a part of a large result; resolves when the receiver has it. */
export type Send = (part: Uint8Array) => Promise<void>

interface RequestOptions {
  /** Milliseconds to wait for the result; without it, until the worker exits. */
  timeoutMs?: number
  /** Receives the chunks. */
  send?: Send
}

/** An error with a stack that is meant for the host, because the host's code or another process threw it. */
export class RemoteError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** Returns the form in which a thrown value is sent. */
export function failureOf(error: unknown): Failure {
  // Bundles do not share the class.
  if (error instanceof Error && 'failure' in error) return (error as RemoteError).failure
  return { message: error instanceof Error ? error.message : String(error) }
}

let lastId = 0

/**
 * Sends a request to a worker, after all messages sent before. The worker sends a chunk only when the previous one has
 * been passed on, so none pile up.
 *
 * @throws the worker's error, or that it exited or timed out
 */
export function request<N extends Name>(
  worker: Worker,
  name: N,
  params: Requests[N]['params'],
  { timeoutMs, send = async () => {} }: RequestOptions = {},
): Promise<Requests[N]['result']> {
  const header: Header = { cmd, request: name, id: ++lastId }
  const { promise, resolve, reject } = Promise.withResolvers<Requests[N]['result']>()
  const { process } = worker
  const exited = (): void => reject(new Error('the worker exited'))
  const order = (content: { params: unknown } | { taken: boolean }): void => {
    process.send?.({ ...header, ...content } satisfies Order, undefined, undefined, (error) => {
      if (error !== null) exited()
    })
  }
  const receive = (reply: Partial<Reply>): void => {
    if (!isOf(header, reply)) return
    if ('error' in reply) reject(new RemoteError(reply.error))
    else if ('result' in reply) resolve(reply.result)
    else
      send(Buffer.from(reply.chunk, 'base64')).then(
        () => order({ taken: true }),
        (error: unknown) => {
          order({ taken: false })
          reject(error)
        },
      )
  }
  process.on('internalMessage', receive).once('disconnect', exited)
  const timeout =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => reject(new Error(`the worker timed out after ${timeoutMs} ms`)), timeoutMs)
  order({ params })
  return promise.finally(() => {
    clearTimeout(timeout)
    process.off('internalMessage', receive).off('disconnect', exited)
  })
}

/** Whether a message belongs to the request of a header. */
function isOf({ request, id }: Header, message: Partial<Reply>): message is Reply {
  return message.cmd === cmd && message.request === request && message.id === id
}

/** In a worker: responds to a request of the primary from now on. */
export function respond<N extends Name>(
  name: N,
  handle: (
    params: Requests[N]['params'],
    send: Send,
  ) => Requests[N]['result'] | Promise<Requests[N]['result']>,
): void {
  const waiting = new Map<number, (taken: boolean) => void>()
  const run = async (id: number, params: Requests[N]['params']): Promise<void> => {
    // A primary that has exited waits for nothing.
    const reply = (content: { chunk: string } | { result: unknown } | { error: Failure }): void =>
      void process.send?.(
        { cmd, request: name, id, ...content } satisfies Reply,
        undefined,
        undefined,
        () => {},
      )
    const send: Send = async (part) => {
      for (const chunk of chunksOf(part)) {
        const { promise, resolve } = Promise.withResolvers<boolean>()
        waiting.set(id, resolve)
        reply({ chunk })
        if (!(await promise)) throw new Error('the host disconnected')
      }
    }
    try {
      reply({ result: (await handle(params, send)) ?? null })
    } catch (error) {
      reply({ error: failureOf(error) })
    } finally {
      waiting.delete(id)
    }
  }
  process.on('internalMessage' as 'message', (order: Partial<Order>) => {
    if (order.cmd !== cmd || order.request !== name || order.id === undefined) return
    if ('taken' in order) waiting.get(order.id)?.(order.taken ?? false)
    else if ('params' in order) void run(order.id, order.params as Requests[N]['params'])
  })
}

/** Messages that the app sends with `process.send`; it receives them, and shared values, as `message`. */
type AppMessage =
  | { publish: unknown }
  /** Sets a shared value if its version still is `base`. */
  | { set: string; base: number; value: unknown }
  /** Requests all shared values. */
  | { get: true }

interface SharedValue {
  set: string
  /** Number of changes, from 1. */
  version: number
  value: unknown
}

/** Sends a message to the app in workers. */
function tell(workers: readonly Worker[], message: SharedValue | { publish: unknown }): void {
  for (const worker of workers) if (worker.isConnected()) worker.send(message)
}

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
