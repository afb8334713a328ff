import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { provideWritable } from '../../../kernel/system/writable.ts'

await t.test('a writable folder starts with what the image has there, and keeps what was written', (t) => {
  const root = t.testdir({
    prefilled: { app: { cache: { 'a.txt': 'image', deep: { 'b.txt': 'b' } } } },
    tmp: {},
    data: {},
  })
  const prefilled = join(root, 'prefilled')
  const writable = { 'app/cache': 'data', 'app/new/folder': 'tmp' } as const
  provideWritable(writable, prefilled, root)
  const cache = join(root, 'data/app-writable/app/cache')
  t.equal(readFileSync(join(cache, 'deep/b.txt'), 'utf8'), 'b')
  t.same(readdirSync(join(root, 'tmp/app-writable/app/new/folder')), [])
  writeFileSync(join(cache, 'a.txt'), 'written')
  provideWritable(writable, prefilled, root)
  t.equal(readFileSync(join(cache, 'a.txt'), 'utf8'), 'written')
  t.end()
})

await t.test('a copy that was cut off is made again', (t) => {
  const root = t.testdir({ prefilled: { c: { 'a.txt': 'whole' } } })
  mkdirSync(join(root, 'data/app-writable/c.unfinished/half'), { recursive: true })
  provideWritable({ c: 'data' }, join(root, 'prefilled'), root)
  t.same(readdirSync(join(root, 'data/app-writable/c')), ['a.txt'])
  t.notOk(existsSync(join(root, 'data/app-writable/c.unfinished')))
  t.end()
})
