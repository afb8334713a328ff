import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hostFacts } from '../../build/host/facts.ts'
import type { HostFacts } from '../../build/host/facts.ts'
import { buildStages, requirements, requirementsFor } from '../../build/host/tools.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { setUp, type SetupOptions } from '../../build/setup.ts'
import { debian } from './host/fixture.ts'

const names = (kind: 'command' | 'header'): string[] =>
  requirements.filter((requirement) => requirement.kind === kind).map(({ name }) => name)

/** Makes commands and headers that do nothing but be there. The compiler finds every library. */
function provide(facts: HostFacts, wanted = [...names('command'), ...names('header')]): void {
  for (const name of wanted) {
    const file = join(facts.path[0] ?? '', name.replace('/', '-'))
    writeFileSync(file, '#!/bin/sh\necho /usr/lib/there\n')
    chmodSync(file, 0o755)
  }
}

/** A host with apt and nothing else, and what is said on stderr. */
function host(t: Test, options: Partial<SetupOptions> & { host?: Partial<HostFacts> } = {}) {
  const folder = t.testdir()
  const facts = debian({ path: [folder], includes: [], ...options.host })
  provide(facts, ['apt-get'])
  const installed: { packages: readonly string[]; prefix: readonly string[] }[] = []
  const stderr = t.capture(process.stderr, 'write', () => true)
  const run = async () =>
    setUp({
      facts,
      wanted: requirements,
      skip: false,
      sudo: () => false,
      install: async (packages, prefix) => {
        installed.push({ packages, prefix })
        provide(facts)
      },
      ...options,
    })
  let said = ''
  const text = (): string => {
    said += stderr()
      .map(({ args }) => String(args[0]))
      .join('')
    return said
  }
  return { facts, installed, run, text }
}

await t.test('installs what is wanted, and no more', async (t) => {
  const { installed, run } = host(t, { wanted: requirementsFor(buildStages) })
  t.equal(await run(), 'installed')
  const packages = installed[0]?.packages ?? []
  for (const name of ['bison', 'qemu-system-x86', 'xorriso']) t.ok(packages.includes(name), name)
  for (const name of ['openssh-server', 'prometheus', 'rsyslog', 'cron', 'libvirt-daemon', 'chromium'])
    t.notOk(packages.includes(name), name)
})

await t.test('says nothing when nothing is missing', async (t) => {
  const { facts, installed, run, text } = host(t)
  provide(facts)
  t.equal(await run(), 'complete')
  t.strictSame(installed, [])
  t.equal(text(), '')
})

await t.test('root on Debian: installs everything at once', async (t) => {
  const { installed, run } = host(t)
  t.equal(await run(), 'installed')
  t.equal(installed.length, 1)
  t.strictSame(installed[0]?.prefix, [])
  const packages = installed[0]?.packages ?? []
  for (const name of ['bison', 'libelf-dev', 'erofs-utils', 'qemu-system-x86'])
    t.ok(packages.includes(name), name)
})

await t.test('a user whose sudo asks nothing: installs with it', async (t) => {
  const { installed, run } = host(t, { sudo: () => true, host: { root: false } })
  t.equal(await run(), 'installed')
  t.strictSame(installed[0]?.prefix, ['sudo', '-n'])
})

await t.test('a user whose sudo would ask: prints the line to paste', async (t) => {
  const { installed, run, text } = host(t, { host: { root: false } })
  t.equal(await run(), 'incomplete')
  t.strictSame(installed, [])
  t.match(text(), "could not find 'bison', which is needed to configure the kernel")
  t.match(text(), /sudo apt-get update && sudo apt-get install -y --no-install-recommends .*\bbison\b/)
})

await t.test('NODEOS_SKIP_SETUP installs nothing, even as root', async (t) => {
  const { installed, run, text } = host(t, { skip: true })
  t.equal(await run(), 'incomplete')
  t.strictSame(installed, [])
  t.match(text(), 'apt-get install')
})

await t.test('another distribution: its own line, and nothing is run', async (t) => {
  for (const [manager, line] of [
    ['dnf', /dnf install -y .*elfutils-libelf-devel/],
    ['pacman', /pacman -S --needed --noconfirm .*libelf/],
    ['zypper', /zypper --non-interactive install .*libelf-devel/],
    ['apk', /apk add .*elfutils-dev/],
  ] as const) {
    await t.test(manager, async (t) => {
      const { installed, run, text } = host(t, { host: { distribution: { name: manager, manager } } })
      t.equal(await run(), 'incomplete')
      t.strictSame(installed, [])
      t.match(text(), line)
    })
  }
})

await t.test('an install that fails is told and fails nothing', async (t) => {
  const { run, text } = host(t, {
    install: async () => {
      throw new UserError('apt could not install packages', { hint: 'E: no network' })
    },
  })
  t.equal(await run(), 'incomplete')
  t.match(text(), 'apt could not install packages')
  t.match(text(), 'E: no network')
  t.match(text(), "could not find 'gcc'")
  t.notMatch(text(), /\n\s+at /, 'no stack trace')
})

await t.test('macOS is pointed to the dev container', async (t) => {
  const { installed, run, text } = host(t, { host: { platform: 'darwin', arch: 'arm64' } })
  t.equal(await run(), 'unsupported')
  t.strictSame(installed, [])
  t.match(text(), '.devcontainer/')
})

await t.test('as a program, on this host', async (t) => {
  const skip = { ...process.env, NODEOS_SKIP_SETUP: '1' }
  const bare = { ...skip, PATH: t.testdir() }
  const empty = spawnSync(process.execPath, ['build/setup.ts'], { cwd: root, env: bare, encoding: 'utf8' })
  t.equal(empty.status, 0, 'npm install must not fail')
  t.match(empty.stderr, "could not find 'gcc'")
  if (hostFacts({}).distribution.manager === 'apt') t.match(empty.stderr, 'apt-get install -y')
})
