import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { applyPatches, treeVersion } from '../../../build/kernel/prepare.ts'

const before = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].map((line) => `${line}\n`).join('')
const patch = `--- a/file\n+++ b/file\n@@ -1,7 +1,7 @@\n one\n two\n three\n-four\n+FOUR\n five\n six\n seven\n`

async function tree(folder: string, content: string): Promise<string> {
  await mkdir(join(folder, 'tree'), { recursive: true })
  await writeFile(join(folder, 'tree/file'), content)
  await writeFile(join(folder, 'fix.patch'), patch)
  return join(folder, 'tree')
}

await t.test('a patch that fits is applied, to a file that stays older than all objects', async (t) => {
  const folder = t.testdir({})
  const top = await tree(folder, before)
  await applyPatches(top, [join(folder, 'fix.patch')])
  t.match(await readFile(join(top, 'file'), 'utf8'), /FOUR/)
  t.equal((await stat(join(top, 'file'))).mtimeMs, 0)
})

await t.test('a patch that fits only with fuzz is refused by name', async (t) => {
  const folder = t.testdir({})
  const top = await tree(folder, before.replace('one', 'uno'))
  await t.rejects(
    applyPatches(top, [join(folder, 'fix.patch')]),
    /fix\.patch does not apply exactly to this kernel/,
  )
  t.notMatch(await readFile(join(top, 'file'), 'utf8'), /FOUR/)
})

await t.test('the version is what the tree says', async (t) => {
  const folder = t.testdir({
    Makefile: '# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 80\nEXTRAVERSION =\n',
  })
  t.equal(await treeVersion(folder), '6.12.80')
  await t.rejects(treeVersion(t.testdir({})), /is not a Linux source tree/)
})
