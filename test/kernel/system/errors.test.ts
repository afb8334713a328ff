import { mkdirSync } from 'node:fs'
import t from 'tap'
import { isOwn, readOnlyPath, reasonOf } from '../../../kernel/system/errors.ts'

const thrown = (stack: string) => Object.assign(new Error('x'), { stack: `Error: x\n${stack}` })
const self = '/nodeos/system.js'

await t.test('whose error it is', async (t) => {
  t.ok(
    isOwn(
      thrown(
        `    at listOnTimeout (node:internal/timers:1:1)\n    at a (${self}:1:2)\n    at b (file:///srv/a.js:1:1)`,
      ),
      self,
    ),
  )
  t.notOk(isOwn(thrown(`    at b (file:///srv/a.js:1:1)\n    at a (${self}:1:2)`), self))
  t.notOk(isOwn(thrown('    at listOnTimeout (node:internal/timers:1:1)'), self))
  t.notOk(isOwn('a string', self))
  t.notOk(isOwn(Object.assign(new Error(`at (${self})`), { stack: undefined }), self))
})

await t.test('reasons', async (t) => {
  t.equal(reasonOf(new Error('why')), 'why')
  t.equal(reasonOf('why'), 'why')
})

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
