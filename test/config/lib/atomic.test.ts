import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeAtomic, writeAtomic } from '../../../config/lib/atomic.ts'

await t.test('replaces a file or a folder, and leaves the old one when it fails', async (t) => {
  const folder = t.testdir({ file: 'old', folder: { old: '' } })
  const file = join(folder, 'file')
  const failing = makeAtomic(file, async (unfinished) => {
    writeFileSync(unfinished, 'half')
    throw new Error('no')
  })
  await t.rejects(failing, /no/)
  t.equal(readFileSync(file, 'utf8'), 'old')
  await writeAtomic(file, 'new')
  t.equal(readFileSync(file, 'utf8'), 'new')
  await makeAtomic(join(folder, 'folder'), async (unfinished) => {
    mkdirSync(unfinished)
    writeFileSync(join(unfinished, 'new'), '')
  })
  t.strictSame(readdirSync(join(folder, 'folder')), ['new'])
  t.strictSame(readdirSync(folder).sort(), ['file', 'folder'])
})
