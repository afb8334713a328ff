import { totalmem } from 'node:os'
import t from 'tap'
import { programFolders } from '../../../config/lib/find.ts'
import {
  unsupportedHint,
  hostFacts,
  installCommand,
  isAtLeast,
  parseOsRelease,
  unsupported,
  versionIn,
} from '../../../build/host/facts.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../config/lib/paths.ts'
import { debian } from './fixture.ts'

await t.test('reads this host', async (t) => {
  const facts = hostFacts({ PATH: '/a:/b', C_INCLUDE_PATH: '/headers' })
  t.strictSame(facts.path.slice(0, 2), ['/a', '/b'])
  t.equal(facts.includes[0], '/headers', 'what the compiler is told comes first')
  t.equal(facts.platform, process.platform)
  t.match(facts.glibc, /^2\.\d+$/, 'tests run on a host that can build')
  t.ok(facts.memory > 64e6 && facts.memory <= totalmem())
  t.type(facts.distribution.name, 'string')
})

await t.test('an empty environment is no error', async (t) => {
  t.strictSame(hostFacts({}).path, programFolders({}))
})

const releases = {
  debian: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
  ubuntu: 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nID_LIKE=debian\n',
  mint: 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
  fedora: 'NAME="Fedora Linux"\nID=fedora\n',
  rocky: 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
  arch: 'NAME="Arch Linux"\nID=arch\n',
  manjaro: 'NAME="Manjaro Linux"\nID=manjaro\nID_LIKE=arch\n',
  alpine: 'NAME="Alpine Linux"\nID=alpine\n',
  leap: 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
  nixos: 'PRETTY_NAME="NixOS 24.11"\nID=nixos\nID_LIKE=""\n',
}

await t.test('knows the package manager by ID, then by ID_LIKE', async (t) => {
  const managers = Object.fromEntries(
    Object.entries(releases).map(([name, text]) => [name, parseOsRelease(text).manager]),
  )
  t.strictSame(managers, {
    debian: 'apt',
    ubuntu: 'apt',
    mint: 'apt',
    fedora: 'dnf',
    rocky: 'dnf',
    arch: 'pacman',
    manjaro: 'pacman',
    alpine: 'apk',
    leap: 'zypper',
    nixos: undefined,
  })
})

await t.test('names the distribution for people', async (t) => {
  t.equal(parseOsRelease(releases.debian).name, 'Debian GNU/Linux 12 (bookworm)')
  t.equal(parseOsRelease(releases.alpine).name, 'Alpine Linux')
  t.strictSame(parseOsRelease(''), { name: 'an unknown distribution', manager: undefined })
})

await t.test('writes the line to paste', async (t) => {
  const packages = ['bc', 'bison']
  t.equal(
    installCommand('apt', packages, false),
    'sudo apt-get update && sudo apt-get install -y --no-install-recommends bc bison',
  )
  t.equal(
    installCommand('apt', packages, true),
    'apt-get update && apt-get install -y --no-install-recommends bc bison',
  )
  t.equal(installCommand('dnf', packages, false), 'sudo dnf install -y bc bison')
  t.equal(installCommand('pacman', packages, false), 'sudo pacman -S --needed --noconfirm bc bison')
  t.equal(installCommand('apk', packages, true), 'apk add bc bison')
  t.equal(installCommand('zypper', packages, false), 'sudo zypper --non-interactive install bc bison')
})

await t.test('Linux on x86-64 with glibc builds', async (t) => {
  t.equal(unsupported(debian()), undefined)
  t.equal(unsupported(debian({ glibc: '2.34' })), undefined)
})

await t.test('says why others do not', async (t) => {
  t.equal(unsupported(debian({ platform: 'darwin' })), 'builds need Linux, and this host runs macOS')
  t.equal(unsupported(debian({ platform: 'win32' })), 'builds need Linux, and this host runs Windows')
  t.equal(unsupported(debian({ arch: 'arm64' })), 'builds need x86-64, and this host is arm64')
  t.match(unsupported(debian({ glibc: undefined })), /need glibc, which/)
  t.match(unsupported(debian({ glibc: '2.31' })), /glibc 2\.34 or newer, and .* has 2\.31/)
})

await t.test('everything that speaks to such a host points to the same place', async (t) => {
  for (const file of ['build/install.sh', 'build/host/unsupported.cjs']) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const line of unsupportedHint.split('\n')) t.ok(text.includes(line), `${file}: ${line}`)
  }
  t.ok(readFileSync(join(root, '.devcontainer/devcontainer.json'), 'utf8').includes('"name": "NodeOS"'))
})

await t.test('finds the version in what tools print of themselves', async (t) => {
  const printed: Record<string, string> = {
    'gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022': '12.2.0',
    'mkfs.erofs 1.5\navailable compressors: lz4, lz4hc': '1.5',
    'mksquashfs version 4.5.1 (2022/03/17)': '4.5.1',
    '*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***': '1.5.4',
    'GNU strip (GNU Binutils for Debian) 2.40': '2.40',
    'version 7': '7',
  }
  for (const [text, version] of Object.entries(printed)) t.equal(versionIn(text), version, text)
  t.equal(versionIn('usage: awk'), undefined)
})

await t.test('compares versions number by number', async (t) => {
  t.ok(isAtLeast('1.10', '1.9'), 'ten is more than nine')
  t.ok(isAtLeast('2', '1.5'), 'the first number decides')
  t.ok(isAtLeast('1.5', '1.5'))
  t.ok(isAtLeast('4', '4.0'), 'a number that is not said is zero')
  t.notOk(isAtLeast('1.4.9', '1.5'))
  t.notOk(isAtLeast('2', '2.34'))
})
