import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeCpio } from '../../../build/image/initramfs.ts'
import { folderOf } from '../../lib/release.ts'
import { noise } from './fixture.ts'

await t.test('cpio lists and unpacks an archive: files of every length modulo 4, a folder', async (t) => {
  const folder = folderOf(t)
  const files = [0, 1, 2, 3, 4, 70_001].map((bytes) => ({ name: `layers/${bytes}`, bytes }))
  for (const { bytes } of files) writeFileSync(join(folder, String(bytes)), noise('cpio', bytes))
  const out = join(folder, 'archive')
  const entries = files.map(({ name, bytes }) => ({ name, path: join(folder, String(bytes)), mode: 0o444 }))
  await writeCpio(out, [{ name: 'layers', mode: 0o755 }, ...entries])
  const archive = readFileSync(out)
  const options = { input: archive, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } } as const
  const listed = execFileSync('cpio', ['--list', '--verbose', '--numeric-uid-gid'], options)
  const lines = listed.trim().split('\n')
  t.equal(lines.length, files.length + 1)
  t.match(lines[0], /^drwxr-xr-x +\d+ 0 +0 .* 1970 layers$/)
  for (const [index, { name, bytes }] of files.entries()) {
    t.match(lines[index + 1], new RegExp(`^-r--r--r-- +1 0 +0 +${bytes} .* 1970 ${name}$`))
  }
  const into = folderOf(t)
  execFileSync('cpio', ['--extract', '--quiet', '--no-preserve-owner'], { input: archive, cwd: into })
  for (const { name, bytes } of files) t.ok(readFileSync(join(into, name)).equals(noise('cpio', bytes)), name)
})
