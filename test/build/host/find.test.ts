import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeMissing, findMissing, packagesFor, remedy } from '../../../build/host/find.ts'
import { type Requirement, requirements } from '../../../build/host/tools.ts'

const named = (...names: string[]): Requirement[] => requirements.filter(({ name }) => names.includes(name))

/** A folder that holds commands with these texts. */
function commands(folder: string, texts: Record<string, string>): string {
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

await t.test('says what is missing', async (t) => {
  const path = [commands(t.testdir(), { bison: 'exit 0' })]
  const missing = findMissing(named('bison', 'flex'), { path, includes: [] })
  t.strictSame(
    missing.map(({ name }) => name),
    ['flex'],
  )
  t.strictSame(
    missing.map((requirement) => describeMissing(requirement)),
    ["could not find 'flex', which is needed to configure the kernel (the lexer of Kconfig)"],
  )
})

await t.test('finds headers in the usual folders without asking a compiler', async (t) => {
  const includes = [t.testdir({ 'gelf.h': '' })]
  t.strictSame(findMissing(named('gelf.h'), { path: [], includes }), [])
})

await t.test('asks the compiler for headers that lie elsewhere', async (t) => {
  const knows = [commands(t.testdir(), { gcc: 'exec grep -q gelf.h' })]
  t.strictSame(findMissing(named('gelf.h'), { path: ['/bin', ...knows], includes: [] }), [])
  const refuses = [commands(t.testdir(), { gcc: 'exit 1' })]
  t.equal(findMissing(named('gelf.h'), { path: refuses, includes: [] }).length, 1)
  const [missing] = findMissing(named('gelf.h'), { path: [], includes: [] })
  t.match(
    missing && describeMissing(missing),
    "could not find the header 'gelf.h', which is needed to compile",
  )
})

await t.test('a library is there when the compiler answers with a path', async (t) => {
  const has = [commands(t.testdir(), { gcc: 'echo /usr/lib/libasan.so' })]
  t.strictSame(findMissing(named('libasan.so'), { path: has, includes: [] }), [])
  const lacks = [commands(t.testdir(), { gcc: 'echo libasan.so' })]
  t.equal(findMissing(named('libasan.so'), { path: lacks, includes: [] }).length, 1)
})

await t.test('names each package once, in order', async (t) => {
  t.strictSame(packagesFor(named('strip', 'objcopy', 'bc'), 'apt'), ['bc', 'binutils'])
  t.strictSame(packagesFor(named('musl-gcc'), 'dnf'), ['musl-gcc', 'musl-libc-static'])
})

await t.test('the remedy is a line for the distribution, or words', async (t) => {
  const missing = named('xz', 'mksquashfs')
  const on = (manager: 'apt' | 'zypper' | undefined): string =>
    remedy(missing, { root: true, distribution: { name: 'NixOS', manager } })
  t.match(on('apt'), /install -y --no-install-recommends squashfs-tools xz-utils$/)
  t.match(on('zypper'), /install squashfs xz$/)
  t.equal(
    on(undefined),
    'install them with the package manager of NixOS; the Debian packages are: squashfs-tools xz-utils',
  )
})
