import { spawnSync } from 'node:child_process'
import t from 'tap'
import { findProgram } from '../../../config/lib/find.ts'
import type { Compression } from '../../../build/pipeline/pack.ts'
import { packagesFor } from '../../../build/host/find.ts'
import { managers, requirements, requirementsFor, type Stage } from '../../../build/host/tools.ts'

await t.test('every requirement says what it is for and has a package for every manager', async (t) => {
  for (const { name, purpose, packages } of requirements) {
    t.match(purpose, /^[a-z]+ /, `${name}: completes "which is needed to"`)
    for (const manager of managers) t.match(packages[manager], /^\S+( \S+)*$/, `${name}: ${manager}`)
  }
  const all = requirements.map(({ name }) => name)
  t.equal(new Set(all).size, all.length, 'nothing stands there twice')
})

/** Names of what some stages need. */
function names(stages: readonly Stage[], compression?: Compression): string[] {
  return requirementsFor(stages, compression).map(({ name }) => name)
}

function packers(compression: Compression | undefined): string[] {
  return names(['build'], compression).filter((name) => name.startsWith('mk'))
}

await t.test('the compression decides which packer is needed', async (t) => {
  t.strictSame(packers('none'), ['mkfs.erofs'])
  t.strictSame(packers('lz4'), ['mkfs.erofs'])
  t.strictSame(packers('zstd'), ['mksquashfs'])
  t.strictSame(packers('xz'), ['mksquashfs'])
  t.strictSame(packers(undefined), ['mkfs.erofs', 'mksquashfs'])
})

await t.test('the stages hold different things', async (t) => {
  t.ok(names(['kernel']).includes('bison'))
  t.notOk(names(['build']).includes('bison'), 'an app layer is built without a kernel’s tools')
  t.strictSame(names(['boot']), ['qemu-system-x86_64'])
})

const skip = findProgram('dpkg') === undefined ? 'this host has no dpkg to ask' : false
await t.test('on Debian and Ubuntu, the named packages are there with the commands', { skip }, async (t) => {
  for (const requirement of requirements.filter(({ kind }) => kind === 'command')) {
    const file = findProgram(requirement.name)
    if (file === undefined) {
      t.fail(`${requirement.name} is not installed: npm run doctor`)
      continue
    }
    const installed = packagesFor([requirement], 'apt').every(
      (name) => spawnSync('dpkg', ['--status', name]).status === 0,
    )
    t.ok(installed, `${file} is there, and ${requirement.packages.apt} is installed`)
  }
})
