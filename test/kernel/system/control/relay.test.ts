import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import t from 'tap'
import { obey, type Order, relay } from '../../../../kernel/system/control/forward.ts'
import type { Method } from '../../../../kernel/system/control/server.ts'

/** A worker in this process, which knows one method. */
function workerWith(t: { teardown: (undo: () => void) => unknown }, method: Method): Worker {
  const channel = new EventEmitter()
  const own = Object.getOwnPropertyDescriptor(process, 'send')
  t.teardown(() => own && Object.defineProperty(process, 'send', own))
  process.send = (message: unknown) => channel.emit('internalMessage', message)
  const toWorker = (order: Order): void => void setImmediate(() => void obey(order, { give: method }))
  return Object.assign(new EventEmitter(), {
    process: Object.assign(channel, { send: toWorker }),
  }) as unknown as Worker
}

await t.test('a result comes in parts, then its end', async (t) => {
  const parts: string[] = []
  const worker = workerWith(t, async (params, send) => {
    for (const word of params['words'] as string[]) await send(Buffer.from(word))
    return 'end'
  })
  const take = async (part: Uint8Array): Promise<void> => void parts.push(Buffer.from(part).toString())
  t.equal(await relay(worker, 'give', { words: ['one', 'two'] }, take), 'end')
  t.strictSame(parts, ['one', 'two'])
  await t.rejects(relay(worker, 'take', {}, take), { message: 'unknown method take' })
})

await t.test('a host that goes ends the work in the worker, too', async (t) => {
  const ended = Promise.withResolvers<unknown>()
  const worker = workerWith(t, async (_, send) => {
    for (;;)
      await send(Buffer.from('more')).catch((error: unknown) => {
        ended.resolve(error)
        throw error
      })
  })
  await t.rejects(
    relay(worker, 'give', {}, async () => Promise.reject(new Error('gone'))),
    { message: 'gone' },
  )
  t.match(await ended.promise, { message: 'the host disconnected' })
})
