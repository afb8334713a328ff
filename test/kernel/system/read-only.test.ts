import { mkdirSync } from 'node:fs'
import t from 'tap'
import { readOnlyPath } from '../../../kernel/system/read-only.ts'

const failure = (code: string, syscall: string, path: string): Error =>
  Object.assign(new Error(code), { code, syscall, path })

const yes = (): boolean => true
const no = (): boolean => false

await t.test('errors of a read-only file system', (t) => {
  t.equal(readOnlyPath(failure('EROFS', 'open', '/srv/app/log')), '/srv/app/log')
  t.equal(readOnlyPath(failure('ENOENT', 'mkdir', 'uploads/'), yes), `${process.cwd()}/uploads`)
  t.equal(readOnlyPath(failure('ENOENT', 'mkdir', '/tmp/a/b'), no), undefined)
  t.equal(readOnlyPath(failure('ENOENT', 'open', '/srv/missing'), yes), undefined)
  for (const other of [undefined, null, 'text', new Error('x')]) t.equal(readOnlyPath(other), undefined)
  t.end()
})

await t.test('a folder that lacks its parents on a file system that can be written', (t) => {
  const missing = `${t.testdir({})}/a/b`
  try {
    mkdirSync(missing)
    t.fail('made')
  } catch (error) {
    t.equal(readOnlyPath(error), undefined)
  }
  t.end()
})
