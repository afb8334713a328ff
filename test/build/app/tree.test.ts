import { lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { digestTree, type Entry, type Tree, writeTree } from '../../../build/app/tree.ts'

const text = (content: string, executable = false): Entry => ({ kind: 'text', content, executable })

await t.test('a digest depends on the tree, not on the order of its files', (t) => {
  const source = join(t.testdir({ file: 'one' }), 'file')
  const entries: [string, Entry][] = [
    ['a/b.js', text('1')],
    ['a.js', { kind: 'copy', source, bytes: 3, executable: false }],
    ['link', { kind: 'link', target: 'a' }],
  ]
  const digest = digestTree(new Map(entries))
  t.equal(digestTree(new Map(entries.toReversed())), digest)
  t.equal(
    digestTree(new Map(entries).set('a.js', text('one'))),
    digest,
    'content counts, not where it is from',
  )
  const changes: [string, Entry][] = [
    ['a/b.js', text('2')],
    ['a/b.js', text('1', true)],
    ['a/c.js', text('1')],
    ['link', { kind: 'link', target: 'b' }],
    ['link', text('a')],
  ]
  const digests = new Set(changes.map(([path, entry]) => digestTree(new Map(entries).set(path, entry))))
  t.equal(digests.size, changes.length)
  t.notOk(digests.has(digest))
  writeFileSync(source, 'two')
  t.not(digestTree(new Map(entries)), digest)
  t.end()
})

await t.test('written files have the modes of an image, whatever the umask', (t) => {
  const folder = t.testdir({ secret: 'one' })
  const source = join(folder, 'secret')
  const tree: Tree = new Map([
    ['deep/er/file', { kind: 'copy', source, bytes: 3, executable: false }],
    ['deep/run', { kind: 'copy', source, bytes: 3, executable: true }],
    ['deep/er/link', { kind: 'link', target: 'deep/run' }],
    ['link', { kind: 'link', target: 'deep' }],
    ['deep/self', { kind: 'link', target: '' }],
  ])
  const before = process.umask(0o077)
  const into = join(folder, 'staged')
  writeTree(tree, into)
  process.umask(before)
  const mode = (path: string): string => (lstatSync(join(into, path)).mode & 0o7777).toString(8)
  t.same(['.', 'deep', 'deep/er', 'deep/er/file', 'deep/run'].map(mode), ['755', '755', '755', '644', '755'])
  t.equal(readlinkSync(join(into, 'deep/er/link')), '../run')
  t.equal(readlinkSync(join(into, 'link')), 'deep')
  t.equal(readlinkSync(join(into, 'deep/self')), '..')
  t.equal(readFileSync(join(into, 'link/er/link'), 'utf8'), 'one')
  t.end()
})
