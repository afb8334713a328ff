import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hashText } from '../../../../config/lib/hash.ts'
import { markProcess, isRunning, awaitEnd } from '../../../../deploy/qemu/process.ts'
import { locked, readState, type State, writeState } from '../../../../deploy/targets/local/state.ts'

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
        message: `another deploy is running (pid ${process.pid})`,
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

await t.test('so does that of one who died while it took the place of a dead one', async (t) => {
  const dead = JSON.stringify({ pid: process.pid, started: '1' })
  const folder = t.testdir({ lock: dead, [`lock.after-${hashText(dead).slice(0, 16)}`]: dead })
  t.equal(await locked(folder, async () => 'taken'), 'taken')
  t.strictSame(readdirSync(folder), [])
})

await t.test('of two processes that find the lock of a dead one, one takes it', async (t) => {
  const rounds = 300
  const lockers = [1, 2].map(() => fork(join(import.meta.dirname, 'locker.ts')))
  t.teardown(() => lockers.forEach((locker) => locker.kill()))
  const folder = t.testdir()
  const dead = JSON.stringify({ pid: process.pid, started: '1' })
  const results = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const file = join(folder, `lock-${round}`)
    writeFileSync(file, dead)
    const answers = lockers.map((locker) => once(locker, 'message'))
    for (const locker of lockers) locker.send({ file, at: Date.now() + 3 })
    const said = (await Promise.all(answers)).map(([text]) => String(text)).sort()
    results.add(said.join(', ').replaceAll(/\d+/g, 'n'))
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number }
    t.ok(lockers.some((locker) => locker.pid === pid))
  }
  t.strictSame([...results], ['another deploy is running (pid n), taken'])
  t.equal(readdirSync(folder).length, rounds, 'nothing else is left')
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
