import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { request, RemoteError, respond, type Send } from '../../../kernel/system/messages.ts'

type Handle = (params: Record<string, unknown>, send: Send) => unknown

let handle: Handle = () => undefined
respond('control', ({ params }, send) => handle(params, send))

function toWorker(order: unknown): void {
  setImmediate(() => process.emit('internalMessage' as 'message', order, undefined))
}

/** Creates a worker that is this process. */
function workerWith(t: Test, handler: Handle): Worker {
  handle = handler
  const channel = new EventEmitter()
  const own = Object.getOwnPropertyDescriptor(process, 'send')
  t.teardown(() => (own === undefined ? delete process.send : Object.defineProperty(process, 'send', own)))
  process.send = (message: unknown) => channel.emit('internalMessage', message)
  return { process: Object.assign(channel, { send: toWorker }) } as unknown as Worker
}

const fail: Send = async () => Promise.reject(new Error('gone'))
const order = (params: Record<string, unknown> = {}) => ({ method: 'give', params })

await t.test('the chunks of a result come before it, in order', async (t) => {
  const parts: string[] = []
  const worker = workerWith(t, async (params, send) => {
    for (const word of params['words'] as string[]) await send(Buffer.from(word))
    return 'end'
  })
  const send: Send = async (part) => void parts.push(Buffer.from(part).toString())
  t.equal(await request(worker, 'control', order({ words: ['one', 'two'] }), { send }), 'end')
  t.strictSame(parts, ['one', 'two'])
  t.same(worker.process.eventNames(), [], 'no listener is left')
})

await t.test('results of requests at the same time are not mixed up', async (t) => {
  const worker = workerWith(t, async ({ turns, name }) => {
    for (let turn = 0; turn < (turns as number); turn++) await new Promise(setImmediate)
    return name
  })
  const results = [order({ turns: 9, name: 'slow' }), order({ turns: 1, name: 'fast' })]
  t.strictSame(await Promise.all(results.map((params) => request(worker, 'control', params))), [
    'slow',
    'fast',
  ])
})

await t.test('an error is the error of the request, with the stack that is for the host', async (t) => {
  const failure = { message: 'no', stack: 'Error: no\n    at line 1' }
  const worker = workerWith(t, () => {
    throw new RemoteError(failure)
  })
  await t.rejects(request(worker, 'control', order()), { message: 'no', failure })
})

await t.test('a receiver that fails ends the work in the worker, too', async (t) => {
  const ended = Promise.withResolvers<unknown>()
  const worker = workerWith(t, async (_, send) => {
    for (;;)
      await send(Buffer.from('more')).catch((error: unknown) => {
        ended.resolve(error)
        throw error
      })
  })
  await t.rejects(request(worker, 'control', order(), { send: fail }), { message: 'gone' })
  t.match(await ended.promise, { message: 'the host disconnected' })
})

await t.test('a worker that exits is not waited for', async (t) => {
  const worker = workerWith(t, () => {
    worker.process.emit('disconnect')
    return new Promise(() => {})
  })
  // The timeout never comes here: it is the exit that rejects.
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  await t.rejects(request(worker, 'control', order(), { timeoutMs: 1 }), { message: 'the worker exited' })
  t.same(worker.process.eventNames(), [], 'no listener is left')
})

await t.test('a busy worker is waited for as long as the caller says', async (t) => {
  const worker = workerWith(t, () => new Promise(() => {}))
  await t.rejects(request(worker, 'control', order(), { timeoutMs: 1 }), {
    message: 'the worker timed out after 1 ms',
  })
})
