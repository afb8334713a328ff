import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import t from 'tap'
import { ask } from '../../../kernel/system/messages.ts'

const mark = 'NODE_OS_TEST'

/** A worker that does this when it is asked. */
function asked(reaction: (process: EventEmitter) => void): { worker: Worker; process: EventEmitter } {
  const process = new EventEmitter()
  const send = (): void => void setImmediate(reaction, process)
  return { worker: { process: Object.assign(process, { send }) } as unknown as Worker, process }
}

await t.test('a worker that answers, and one that ends instead: nobody waits for it', async (t) => {
  const answering = asked((process) => process.emit('internalMessage', { cmd: mark, answer: 7 }))
  const ending = asked((process) => process.emit('disconnect'))
  // Its patience has no end here: what resolves is not the timeout.
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  t.equal(await ask(answering.worker, mark), 7)
  t.equal(await ask(ending.worker, mark), undefined)
  for (const { process } of [answering, ending]) t.same(process.eventNames(), [], 'no listener is left')
})
