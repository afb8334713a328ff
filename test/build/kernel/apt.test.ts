import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hashFile } from '../../../config/lib/hash.ts'
import { findProgram } from '../../../config/lib/find.ts'
import { root } from '../../../config/lib/paths.ts'
import { namespaceCommand, noNamespace } from '../../kernel/fixtures/namespace.ts'

const [bin = '', ...namespace] = namespaceCommand() ?? []
const missing = ['apt-get', 'dpkg-deb'].find((name) => findProgram(name) === undefined)
const skip = missing === undefined ? (bin === '' ? noNamespace : false) : `this host has no ${missing}`

const name = 'linux-source-0.1'
const program = `
import { downloadPackagedSource } from ${JSON.stringify(join(root, 'build/kernel/apt.ts'))}
const [atLeast, out] = process.argv.slice(1)
const line = { update: (text) => console.log(text), done() {} }
try {
  await downloadPackagedSource({ package: ${JSON.stringify(name)}, atLeast }, out, line)
} catch (error) {
  console.log(error.name + ': ' + error.message)
  process.exitCode = 1
}`

/** A mirror with one package, 1.2-1, and the host's apt set to it: in a namespace, so that the host's own stays. */
async function mirror(t: Test, options: string) {
  const folder = t.testdir({
    deb: {
      DEBIAN: {
        control: `Package: ${name}\nVersion: 1.2-1\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: test\n`,
      },
      usr: { src: { [`${name}.tar.xz`]: 'the source' } },
    },
    repository: {},
    apt: { 'sources.list.d': {} },
    kept: {},
  })
  for (const part of ['apt.conf.d', 'preferences.d', 'trusted.gpg.d', 'auth.conf.d'])
    mkdirSync(join(folder, 'apt', part))
  const deb = join(folder, 'repository/source.deb')
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', join(folder, 'deb'), deb], { stdio: 'ignore' })
  const control = readFileSync(join(folder, 'deb/DEBIAN/control'), 'utf8')
  const entry = `${control}Filename: ./source.deb\nSize: ${statSync(deb).size}\nSHA256: ${await hashFile(deb)}\n`
  writeFileSync(join(folder, 'repository/Packages'), entry)
  writeFileSync(join(folder, 'apt/sources.list'), `deb ${options}file:${folder}/repository ./\n`)
  const out = join(folder, 'kept/source.tar.xz')
  const download = (atLeast: string) => {
    const script = `mount --bind ${folder}/apt /etc/apt && exec "$@"`
    const argv = [
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      program,
      atLeast,
      out,
    ]
    const { status, stdout, stderr } = spawnSync(bin, [...namespace, ...argv], {
      cwd: root,
      encoding: 'utf8',
    })
    return { status, said: stdout + stderr }
  }
  return { deb, out, kept: join(folder, 'kept'), download }
}

await t.test("downloads through the host's apt, and leaves nothing but the tarball", { skip }, async (t) => {
  const { out, kept, download } = await mirror(t, '[trusted=yes] ')
  const { status, said } = download('1.0')
  t.equal(status, 0, said)
  t.match(said, `${name} 1.2-1`)
  t.equal(readFileSync(out, 'utf8'), 'the source')
  t.same(readdirSync(kept), ['source.tar.xz'])
})

await t.test('refuses a package that is too old', { skip }, async (t) => {
  const { kept, download } = await mirror(t, '[trusted=yes] ')
  const { status, said } = download('1.3')
  t.equal(status, 1)
  t.match(said, `UserError: the apt mirrors of this host have no ${name} 1.3 or newer`)
  t.same(readdirSync(kept), [])
})

await t.test('rejects a mirror without a trusted signature', { skip }, async (t) => {
  const { out, download } = await mirror(t, '')
  const { status, said } = download('1.0')
  t.equal(status, 1)
  t.match(said, /UserError: apt could not read the package lists/)
  t.notOk(existsSync(out))
})

await t.test('refuses a package that is not what the mirror says', { skip }, async (t) => {
  const { deb, kept, download } = await mirror(t, '[trusted=yes] ')
  const bytes = readFileSync(deb)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  writeFileSync(deb, bytes)
  const { status, said } = download('1.0')
  t.equal(status, 1)
  t.match(said, `UserError: apt could not download ${name}`)
  t.same(readdirSync(kept), [])
})
