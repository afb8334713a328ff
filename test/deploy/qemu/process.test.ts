import { spawn } from 'node:child_process'
import t from 'tap'
import { isRunning, markProcess } from '../../../config/lib/process.ts'
import { awaitEnd } from '../../../deploy/qemu/machine.ts'
import { limitMs } from '../../lib/until.ts'

await t.test('a process is known by its start time too', async (t) => {
  const child = spawn('sleep', ['100'])
  t.teardown(() => child.kill('SIGKILL'))
  const mark = markProcess(child.pid ?? 0)
  if (mark === undefined) throw new Error('sleep did not start')
  t.ok(isRunning(mark))
  t.notOk(isRunning({ ...mark, started: '1' }), 'the same id used again')
  t.equal(await awaitEnd(mark, 100), false)
  child.kill('SIGKILL')
  t.equal(await awaitEnd(mark, limitMs), true)
})
