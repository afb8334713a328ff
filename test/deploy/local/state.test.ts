import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { markProcess, isRunning, awaitEnd } from '../../../deploy/targets/local/process.ts'
import { locked, readState, type State, writeState } from '../../../deploy/targets/local/state.ts'

await t.test('a state is read back as it was written; a broken one is none', async (t) => {
  const folder = join(t.testdir(), 'run')
  t.equal(await readState(folder), undefined)
  const state = { pid: 1, started: '2', name: 'a' } as State
  await writeState(folder, state)
  t.strictSame(await readState(folder), state)
  t.notOk(existsSync(join(folder, 'state.json.unfinished')))
  writeFileSync(join(folder, 'state.json'), '{ "pid": 1')
  t.equal(await readState(folder), undefined)
})

await t.test('one at a time; the lock goes with its holder', async (t) => {
  const folder = t.testdir()
  await locked(folder, async () => {
    await t.rejects(
      locked(folder, async () => undefined),
      {
        message: `another deploy is at work (pid ${process.pid})`,
      },
    )
  })
  await t.rejects(
    locked(folder, async () => Promise.reject(new Error('failed'))),
    /failed/,
  )
  t.equal(await locked(folder, async () => 'free again'), 'free again')
})

await t.test('a lock whose holder is dead, or which is damaged, holds nothing', async (t) => {
  for (const text of [JSON.stringify({ pid: process.pid, started: '1' }), '', '{"pid"']) {
    const folder = t.testdir({ lock: text })
    t.equal(await locked(folder, async () => 'taken'), 'taken')
  }
})

await t.test('a process is known by its start time too', async (t) => {
  const child = spawn('sleep', ['100'])
  t.teardown(() => child.kill('SIGKILL'))
  const mark = markProcess(child.pid ?? 0)
  if (mark === undefined) throw new Error('sleep did not start')
  t.ok(isRunning(mark))
  t.notOk(isRunning({ ...mark, started: '1' }), 'the same id used again')
  t.equal(await awaitEnd(mark, 100), false)
  child.kill('SIGKILL')
  t.equal(await awaitEnd(mark, 5000), true)
})
