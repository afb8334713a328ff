import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hashText } from '../../../config/lib/hash.ts'
import { withLock } from '../../../config/lib/lock.ts'
import { root } from '../../../config/lib/paths.ts'

const module = join(root, 'config/lib/lock.ts')

/** A process that has the lock of a path until it is killed. */
async function holder(path: string) {
  const body =
    "async () => { console.log('has it'); await new Promise((resolve) => setTimeout(resolve, 60_000)) }"
  const program = `import { withLock } from ${JSON.stringify(module)}
await withLock(${JSON.stringify(path)}, {}, ${body})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

await t.test('one at a time; the other is notified that it waits', async (t) => {
  const path = join(t.testdir({}), 'lock')
  const order: string[] = []
  const seen = Promise.withResolvers<void>()
  const waiting = (name: string): void => {
    order.push(`${name} waits`)
    seen.resolve()
  }
  const run = async (name: string): Promise<void> =>
    withLock(path, { waiting: () => waiting(name) }, async () => {
      order.push(`${name} begins`)
      await seen.promise
      order.push(`${name} ends`)
    })
  await Promise.all([run('a'), run('b')])
  t.same(order, ['a begins', 'b waits', 'a ends', 'b begins', 'b ends'])
})

await t.test('a lock is void when its process is killed', async (t) => {
  const path = join(t.testdir({}), 'lock')
  const child = await holder(path)
  let waited = 0
  const mine = withLock(
    path,
    {
      waiting: () => {
        waited += 1
        child.kill('SIGKILL')
      },
    },
    async () => 'mine',
  )
  t.equal(await mine, 'mine')
  t.equal(waited, 1)
})

await t.test('a lock is released when its work fails; another path has another lock', async (t) => {
  const free = { waiting: (): void => void t.fail('it waits') }
  const path = join(t.testdir({}), 'lock')
  const failing = withLock(path, free, async () => {
    await withLock(`${path}-other`, free, async () => {})
    throw new Error('no')
  })
  await t.rejects(failing, /no/)
  t.equal(await withLock(path, free, async () => 'again'), 'again')
})

/** Holds the lock of a folder, without waiting for it. */
function locked<T>(folder: string, body: () => Promise<T>): Promise<T> {
  return withLock(join(folder, 'lock'), { holder: 'another deploy' }, body)
}

await t.test('one at a time; a held lock is an error that names its holder', async (t) => {
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

await t.test('a lock of a dead process, or a damaged lock, is void', async (t) => {
  for (const text of [JSON.stringify({ pid: process.pid, started: '1' }), '', '{"pid"']) {
    const folder = t.testdir({ lock: text })
    t.equal(await locked(folder, async () => 'taken'), 'taken')
  }
})

await t.test('the lock of a process that died while it replaced a lock is void', async (t) => {
  const dead = JSON.stringify({ pid: process.pid, started: '1' })
  const folder = t.testdir({ lock: dead, [`lock.after-${hashText(dead).slice(0, 16)}`]: dead })
  t.equal(await locked(folder, async () => 'taken'), 'taken')
  t.strictSame(readdirSync(folder), [])
})

await t.test('if two processes find a void lock, one takes it', async (t) => {
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
