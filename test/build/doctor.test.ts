import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { diagnose, diagnosisText, type DoctorOptions } from '../../build/doctor.ts'
import type { Check } from '../../build/host/checks.ts'
import { requirements } from '../../build/host/tools.ts'
import type { Pin } from '../../build/kernel/source.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { loadConfig } from '../../config/load.ts'
import { debian } from './host/fixture.ts'

const { distribution } = JSON.parse(readFileSync(join(root, 'kernel/source.json'), 'utf8')) as Pin
const keptSource = `${distribution.package}-${distribution.atLeast}.tar.xz`

/** A compiler that lacks some libraries, and knows no headers but those in the host's folder. */
function compiler(without: string[]): string {
  return `case $1 in
-print-file-name=*) name=\${1#*=}; case " ${without.join(' ')} " in *" $name "*) ;; *) name=/lib/$name ;; esac; echo $name ;;
-fsyntax-only) exit 1 ;;
*) echo gcc 99.0 ;;
esac`
}

/** A host that has everything but `without`. */
function host(t: Test, without: string[] = [], options: Partial<DoctorOptions> = {}): DoctorOptions {
  const folder = t.testdir({ cache: { sources: { [keptSource]: 'x' } }, bin: {} })
  const wanted = [...requirements.map(({ name }) => name), 'npm'].filter((name) => !without.includes(name))
  for (const name of wanted) {
    const file = join(folder, 'bin', name)
    mkdirSync(join(file, '..'), { recursive: true })
    const answer = name === 'gcc' ? compiler(without) : `echo ${name} 99.0`
    writeFileSync(file, `#!/bin/sh\n${answer}\n`)
    chmodSync(file, 0o755)
  }
  return {
    facts: debian({ path: [join(folder, 'bin')], includes: [join(folder, 'bin')] }),
    kvm: { device: 'missing', cpuinfo: '' },
    cache: { own: join(folder, 'cache'), others: ['https://cache.invalid'] },
    dist: join(folder, 'dist'),
    loadConfig: async () => loadConfig(),
    ...options,
  }
}

const named = (checks: Check[], name: string): Check | undefined =>
  checks.find((check) => check.name === name)

await t.test('a host that has everything is ready', async (t) => {
  const { ok, checks, remedy } = await diagnose(host(t))
  t.ok(ok)
  t.equal(remedy, undefined)
  t.strictSame(
    checks.filter(({ status }) => status === 'bad'),
    [],
  )
  for (const { name } of requirements) t.ok(named(checks, name), name)
  t.match(named(checks, 'system'), { status: 'good', detail: /Debian.*glibc 2\.36/ })
  t.match(named(checks, 'node'), { status: 'good', detail: `${process.versions.node}, as locked` })
  t.match(named(checks, 'bison'), { status: 'good', detail: '99.0' })
  t.match(named(checks, 'kernel source'), { detail: `${keptSource}, cached` })
  t.match(named(checks, 'store'), { status: 'good', detail: 'https://cache.invalid' })
})

await t.test('KVM is a convenience', async (t) => {
  const { ok, checks } = await diagnose(host(t))
  t.ok(ok)
  t.match(named(checks, 'kvm'), { status: 'note', detail: /\/dev\/kvm does not exist.*more slowly/ })
})

await t.test('a missing tool of builds or boots is bad', async (t) => {
  const diagnosis = await diagnose(host(t, ['bison', 'qemu-system-x86_64', 'gelf.h']))
  t.notOk(diagnosis.ok)
  t.match(named(diagnosis.checks, 'bison'), {
    status: 'bad',
    detail: /not found; needed to configure the kernel/,
  })
  t.match(named(diagnosis.checks, 'qemu-system-x86_64'), { status: 'bad' })
  t.equal(
    diagnosis.remedy,
    'apt-get update && apt-get install -y --no-install-recommends bison libelf-dev qemu-system-x86',
  )
  const text = diagnosisText(diagnosis)
  t.match(text, /✖ bison +not found; needed to configure the kernel/)
  t.match(text, `  ${diagnosis.remedy}\n`)
  t.match(text, 'not ready')
  t.equal(text.split('apt-get install').length, 2, 'the line stands there once')
})

await t.test('a missing tool of tests is a warning', async (t) => {
  const { ok, checks, remedy, testRemedy } = await diagnose(host(t, ['libasan.so']))
  t.ok(ok)
  t.match(named(checks, 'libasan.so'), { status: 'warning', hint: /gcc/ })
  t.equal(remedy, undefined)
  t.match(testRemedy, /apt-get install .* gcc$/)
})

await t.test('a tool that this build does not run is a warning', async (t) => {
  const lacking = ['xorriso', 'mke2fs', 'mksquashfs']
  const { ok, checks, remedy } = await diagnose(host(t, lacking))
  t.ok(ok)
  for (const name of lacking) t.match(named(checks, name), { status: 'warning' }, name)
  t.equal(remedy, undefined)
})

await t.test('a store that does not exist is a warning', async (t) => {
  const options = host(t)
  options.cache.others = [join(options.dist, 'nowhere')]
  t.match(named((await diagnose(options)).checks, 'store'), {
    status: 'warning',
    detail: /nowhere does not exist/,
  })
})

await t.test('an invalid configuration is reported with its hint', async (t) => {
  const error = new UserError('config/system.json: /ports', { hint: 'a number' })
  const diagnosis = await diagnose(host(t, [], { loadConfig: async () => Promise.reject(error) }))
  t.notOk(diagnosis.ok)
  t.match(named(diagnosis.checks, 'config'), {
    status: 'bad',
    detail: 'config/system.json: /ports',
    hint: 'a number',
  })
  t.match(diagnosisText(diagnosis), /✖ config +config\/system\.json: \/ports\n +a number\n/)
})

await t.test('a kernel source that is a path must exist', async (t) => {
  const config = await loadConfig()
  const from = async (source: string): Promise<Check | undefined> => {
    const options = host(t, [], {
      loadConfig: async () => ({ ...config, kernel: { ...config.kernel, source } }),
    })
    return named((await diagnose(options)).checks, 'kernel source')
  }
  t.match(await from('/nowhere/linux'), { status: 'bad', detail: /\/nowhere\/linux does not exist/ })
  t.match(await from(join(root, 'kernel/config')), { status: 'good' })
})

function run(env: NodeJS.ProcessEnv, ...flags: string[]) {
  return spawnSync(process.execPath, ['build/doctor.ts', ...flags], { cwd: root, env, encoding: 'utf8' })
}

await t.test('as a program: a page for people, JSON for programs, status for scripts', async (t) => {
  const bare = { ...process.env, PATH: t.testdir(), NO_COLOR: '1' }
  const page = run(bare)
  t.equal(page.status, 1)
  t.match(page.stdout, /✖ gcc +not found/)
  const json = run(process.env, '--json')
  const diagnosis = JSON.parse(json.stdout) as { ok: boolean; checks: Check[] }
  t.equal(json.status, diagnosis.ok ? 0 : 1)
  t.ok(diagnosis.checks.length > requirements.length)
})
