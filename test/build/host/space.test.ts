import { join } from 'node:path'
import { formatBytes } from '../../../config/lib/units.ts'
import t from 'tap'
import { freeBytes, isWritable, nearestExisting, spaceProblems } from '../../../build/host/space.ts'

await t.test('a folder that is to be made is judged by the one above it', async (t) => {
  const folder = t.testdir({ file: '' })
  t.equal(nearestExisting(join(folder, 'a/b/c')), folder)
  t.equal(freeBytes(join(folder, 'a/b')) > 0, true)
  t.ok(isWritable(join(folder, 'a')))
  t.notOk(isWritable(join(folder, 'file/a')), 'nothing can be made below a file, not even by root')
})

await t.test('adds up what is wanted of one file system', async (t) => {
  const folder = t.testdir()
  const free = freeBytes(folder)
  const half = { bytes: free * 0.6 }
  t.strictSame(spaceProblems([{ folder, ...half }]), [], 'one fits')
  const [problem, ...more] = spaceProblems([
    { folder, ...half },
    { folder: join(folder, 'other'), ...half },
  ])
  t.strictSame(more, [])
  t.match(
    problem,
    `free for ${folder} and ${join(folder, 'other')}; this build needs ${formatBytes(free * 1.2)}`,
  )
})
