import { spawnSync } from 'node:child_process'
import { chownSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { folderOf } from '../../lib/release.ts'

const nobody = 65_534
const skip = process.getuid?.() === 0 ? false : 'the tests are run without root, so every image here is'

await t.test('every image is made without root', { skip }, (t) => {
  const folder = folderOf(t)
  chownSync(folder, nobody, nobody)
  // tap would let it write into the repository, for which this user has no permission.
  const clean = ['env', '-i', `PATH=${process.env['PATH']}`, `HOME=${folder}`, `TMPDIR=${folder}`]
  const program = [process.execPath, join(import.meta.dirname, 'assemble.ts')]
  const { status, stdout, stderr } = spawnSync(
    'setpriv',
    ['--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups', ...clean, ...program],
    { cwd: folder, encoding: 'utf8' },
  )
  t.equal(status, 0, stderr)
  const files = stdout.trim().split('\n')
  t.strictSame(
    files.map((file) => basename(file)).toSorted(),
    ['efi', 'initrd', 'ipxe', 'iso', 'qcow2', 'raw', 'vhd', 'vhdx', 'vmdk'].map((name) => `nodeos.${name}`),
  )
  for (const file of files) t.equal(statSync(file).uid, nobody, file)
  t.end()
})
