import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
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

await t.test('one at a time, and the other is told that it waits', async (t) => {
  const path = join(t.testdir({}), 'lock')
  const order: string[] = []
  const run = async (name: string): Promise<void> =>
    withLock(path, { waiting: () => order.push(`${name} waits`) }, async () => {
      order.push(`${name} begins`)
      await new Promise((resolve) => setTimeout(resolve, 50))
      order.push(`${name} ends`)
    })
  await Promise.all([run('a'), run('b')])
  t.same(order, ['a begins', 'b waits', 'a ends', 'b begins', 'b ends'])
})

await t.test('a lock goes when its process is killed', async (t) => {
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

await t.test('a lock goes when its work fails; another path has another one', async (t) => {
  const free = { waiting: (): void => void t.fail('it waits') }
  const path = join(t.testdir({}), 'lock')
  const failing = withLock(path, free, async () => {
    await withLock(`${path}-other`, free, async () => {})
    throw new Error('no')
  })
  await t.rejects(failing, /no/)
  t.equal(await withLock(path, free, async () => 'again'), 'again')
})
