import { chmod, cp, mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { hashFile } from '../../../config/lib/hash.ts'
import { type Compression, layerType, packLayer } from '../../../build/pipeline/pack.ts'

for (const compression of ['none', 'lz4', 'zstd', 'xz'] satisfies Compression[]) {
  await t.test(
    `${compression}: the same files give the same bytes wherever and whenever they are packed`,
    async (t) => {
      const folder = t.testdir({})
      const a = join(folder, 'a')
      await mkdir(join(a, 'sub/deeper'), { recursive: true })
      await writeFile(join(a, 'sub/z.js'), 'console.log(1)\n'.repeat(5000))
      await writeFile(join(a, 'sub/a.js'), '1')
      await symlink('a.js', join(a, 'sub/link.js'))
      await chmod(join(a, 'sub/a.js'), 0o755)
      const b = join(folder, 'elsewhere/b')
      await mkdir(join(b, 'sub/deeper'), { recursive: true })
      for (const name of ['sub/a.js', 'sub/link.js', 'sub/z.js']) {
        await cp(join(a, name), join(b, name), { verbatimSymlinks: true })
      }
      await utimes(join(b, 'sub'), 1, 1)
      const out = (name: string): string => join(folder, `${name}.${layerType(compression)}`)
      await packLayer({ source: a, out: out('one'), compression, timestamp: 1_000_000 })
      await packLayer({ source: b, out: out('two'), compression, timestamp: 1_000_000 })
      t.equal(await hashFile(out('one')), await hashFile(out('two')))
      await writeFile(join(b, 'sub/a.js'), '2')
      await packLayer({ source: b, out: out('three'), compression, timestamp: 1_000_000 })
      t.not(await hashFile(out('one')), await hashFile(out('three')))
    },
  )
}

await t.test('a failure to pack leaves no file and reports the reason', async (t) => {
  const folder = t.testdir({})
  const out = join(folder, 'layer.erofs')
  await t.rejects(
    packLayer({ source: join(folder, 'missing'), out, compression: 'lz4', timestamp: 0 }),
    /could not pack/,
  )
  t.equal(await hashFile(out).catch(() => 'absent'), 'absent')
})
