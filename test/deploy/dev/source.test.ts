import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Entry } from '../../../build/app/tree.ts'
import { Share } from '../../../deploy/dev/source.ts'

const text = (content: string): Entry => ({ kind: 'text', content, executable: false })

await t.test('only what has changed is written; the folder stays', (t) => {
  const folder = t.testdir({ source: 'one', share: { stale: { file: 'x' } } })
  const [source, place] = [join(folder, 'source'), join(folder, 'share')]
  const copy: Entry = { kind: 'copy', source, bytes: 3, executable: false }
  const share = new Share(place)
  const inode = (path: string): number => statSync(join(place, path)).ino
  const read = (path: string): string => readFileSync(join(place, path), 'utf8')
  const files = (): string[] =>
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name).slice(place.length + 1))
      .toSorted()

  const own = inode('.')
  share.lay(
    new Map([
      ['a/copy', copy],
      ['a/kept', text('1')],
      ['folder/file', text('1')],
      ['gone', text('1')],
    ]),
  )
  t.same(files(), ['a/copy', 'a/kept', 'folder/file', 'gone'], 'what was there before is not')
  const kept = inode('a/kept')

  writeFileSync(source, 'two')
  share.lay(
    new Map([
      ['a/copy', copy],
      ['a/kept', text('1')],
      ['folder', text('2')],
    ]),
  )
  t.same(files(), ['a/copy', 'a/kept', 'folder'])
  t.same([read('a/copy'), read('folder')], ['two', '2'])
  t.equal(inode('a/kept'), kept)

  rmSync(source)
  t.throws(() => share.lay(new Map([['a/copy', copy]])), /ENOENT/)
  writeFileSync(source, 'six')
  share.lay(
    new Map<string, Entry>([
      ['folder/link', { kind: 'link', target: 'a/copy' }],
      ['a/copy', copy],
    ]),
  )
  t.same(files(), ['a/copy', 'folder/link'])
  t.equal(read('folder/link'), 'six')
  t.equal(inode('.'), own)
  t.end()
})
