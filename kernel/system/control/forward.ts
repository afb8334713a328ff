import type { Worker } from 'node:cluster'
import { chunksOf } from './chunks.ts'
import { EvaluationError, failureOf } from './failure.ts'
import { type Failure, type Params, relayMark } from '../../contract/control.ts'
import type { Method, Send } from './server.ts'

/** From the primary: a request, or whether a chunk was taken. */
export type Order = { cmd: typeof relayMark; id: number } & (
  | { method: string; params: Params }
  | { taken: boolean }
)

/** From a worker. */
type Reply = { cmd: typeof relayMark; id: number } & (
  | { chunk: string }
  | { result: unknown }
  | { error: Failure }
)

let lastId = 0

/** Has a worker answer. A chunk is asked for only when the one before is gone: none pile up. */
export function relay(worker: Worker, method: string, params: Params, send: Send): Promise<unknown> {
  const id = ++lastId
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const ended = (): void => reject(new Error('the worker exited'))
  const order = (what: { method: string; params: Params } | { taken: boolean }): void => {
    worker.process.send?.({ cmd: relayMark, id, ...what } satisfies Order)
  }
  const take = (reply: Partial<Reply> & object): void => {
    if (!('cmd' in reply) || reply.cmd !== relayMark || reply.id !== id) return
    if ('chunk' in reply)
      send(Buffer.from(reply.chunk ?? '', 'base64')).then(
        () => order({ taken: true }),
        (error: unknown) => {
          order({ taken: false })
          reject(error)
        },
      )
    else if ('error' in reply) reject(new EvaluationError(reply.error ?? { message: 'unknown' }))
    else if ('result' in reply) resolve(reply.result)
  }
  worker.process.on('internalMessage', take)
  worker.once('exit', ended)
  order({ method, params })
  return promise.finally(() => {
    worker.process.off('internalMessage', take)
    worker.off('exit', ended)
  })
}

const waiting = new Map<number, (taken: boolean) => void>()

/** In a worker: does what the primary orders. */
export async function obey(order: Order, methods: Record<string, Method>): Promise<void> {
  const { id } = order
  if ('taken' in order) return waiting.get(id)?.(order.taken)
  const reply = (what: { chunk: string } | { result: unknown } | { error: Failure }): void => {
    process.send?.({ cmd: relayMark, id, ...what }, undefined, undefined, () => undefined)
  }
  const send: Send = async (part) => {
    for (const chunk of chunksOf(part)) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      waiting.set(id, resolve)
      reply({ chunk })
      if (!(await promise)) throw new Error('the host disconnected')
    }
  }
  try {
    const run = methods[order.method]
    if (run === undefined) throw new Error(`unknown method ${order.method}`)
    reply({ result: (await run(order.params, send)) ?? null })
  } catch (error) {
    reply({ error: failureOf(error) })
  } finally {
    waiting.delete(id)
  }
}
