import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import t from 'tap'
import { replaceAll } from '../../../kernel/system/primary.ts'
import type { Slot } from '../../../kernel/system/supervisor.ts'

/** A worker that notes its signals. */
function fakeWorker(): { worker: Worker; signals: string[] } {
  const signals: string[] = []
  const process = { kill: (signal: string) => void signals.push(signal) }
  return { worker: Object.assign(new EventEmitter(), { process }) as unknown as Worker, signals }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

await t.test('the next worker is replaced only when the replacement of the last one listens', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const [one, two, replacement] = [fakeWorker(), fakeWorker(), fakeWorker()]
  const running = new Map([one, two].map(({ worker }, index) => [index + 1, worker]))
  const slots = [1, 2].map((number) => ({ number, leaving: false }) as Slot)
  const replaced = replaceAll({ slots }, running, { drainMs: 10_000, startMs: 60_000 })
  t.same([one.signals, two.signals], [['SIGTERM'], []])
  running.set(1, replacement.worker)
  one.worker.emit('exit')
  await settle()
  mock.timers.tick(59_000)
  await settle()
  t.same(two.signals, [], 'it is waited for, though it starts slowly')
  replacement.worker.emit('listening')
  await settle()
  t.same(two.signals, ['SIGTERM'])
  running.delete(2)
  two.worker.emit('exit')
  await replaced
})

await t.test('a worker that does not end is killed; one that never listens is not waited for', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const [one, two, replacement] = [fakeWorker(), fakeWorker(), fakeWorker()]
  const running = new Map([one, two].map(({ worker }, index) => [index + 1, worker]))
  const slots = [1, 2].map((number) => ({ number, leaving: false }) as Slot)
  void replaceAll({ slots }, running, { drainMs: 10_000, startMs: 60_000 })
  mock.timers.tick(10_000)
  t.same(one.signals, ['SIGTERM', 'SIGKILL'])
  running.set(1, replacement.worker)
  one.worker.emit('exit')
  await settle()
  mock.timers.tick(60_000)
  await settle()
  t.same(two.signals, ['SIGTERM'])
})
