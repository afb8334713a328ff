import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { check, type CheckOptions, report } from '../../build/check.ts'
import { requirements } from '../../build/host/tools.ts'
import { kernelStep } from '../../build/kernel.ts'
import type { Pin } from '../../build/kernel/source.ts'
import { describeFile, writeRecord } from '../../build/pipeline/record.ts'
import { storeEntry } from '../../build/pipeline/cache.ts'
import { cacheKey, type Inputs, splitTools } from '../../build/pipeline/key.ts'
import { writePin } from '../../build/pipeline/pins.ts'
import type { Step } from '../../build/pipeline/step.ts'
import { programsStep } from '../../build/programs.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { loadConfig } from '../../config/load.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { debian } from './host/fixture.ts'

const shipped = await loadConfig()

const pin = JSON.parse(readFileSync(join(root, 'kernel/source.json'), 'utf8')) as Pin

/** A repository and a host on which everything is as it should be, with some of it replaced. */
function fine(t: Test, without: string[] = [], config: Partial<SystemConfig> = {}): CheckOptions {
  const folder = t.testdir({
    root: {
      app: { 'index.ts': '' },
      kernel: { config: {}, patches: {}, 'source.json': JSON.stringify(pin) },
    },
    bin: {},
  })
  const fragments = ['base', 'node', 'net', 'virtio', 'trim', 'none', 'lz4', 'zstd', 'xz']
  for (const name of fragments)
    writeFileSync(join(folder, `root/kernel/config/${name}.config`), 'CONFIG_A=y\n')
  for (const { name } of requirements.filter(({ name }) => !without.includes(name))) {
    const file = join(folder, 'bin', name)
    mkdirSync(join(file, '..'), { recursive: true })
    // A compiler that knows no other headers than those in the folder.
    writeFileSync(file, '#!/bin/sh\n[ "$1" = -fsyntax-only ] && exit 1\necho version 99.0\n')
    chmodSync(file, 0o755)
  }
  return {
    facts: debian({ path: [join(folder, 'bin')], includes: [join(folder, 'bin')] }),
    loadConfig: async () => ({
      ...shipped,
      app: { ...shipped.app, entry: 'app/index.ts' },
      kernel: { ...shipped.kernel, platforms: [], fragments: [], mitigations: false },
      ...config,
    }),
    root: join(folder, 'root'),
    dist: join(folder, 'root/dist'),
    cache: { own: join(folder, 'cache'), others: [] },
    jobs: undefined,
  }
}

const texts = async (options: CheckOptions): Promise<string[]> =>
  (await check(options)).problems.map(({ text }) => text)

await t.test('finds nothing where all is well', async (t) => {
  const findings = await check(fine(t))
  t.strictSame(findings, { problems: [], warnings: [] })
  t.doesNotThrow(() => report(findings))
})

await t.test('names missing tools and the line that installs them', async (t) => {
  const { problems } = await check(fine(t, ['bison', 'gelf.h']))
  t.match(problems, [
    {
      text: /could not find 'bison', which is needed to .*\ncould not find the header 'gelf\.h', which is needed to /,
      hint: 'apt-get update && apt-get install -y --no-install-recommends bison libelf-dev',
    },
  ])
})

await t.test('asks only for the packer that the configuration takes', async (t) => {
  t.strictSame(await texts(fine(t, ['mksquashfs'])), [])
  t.match(await texts(fine(t, ['mksquashfs'], { image: { ...shipped.image, compression: 'xz' } })), [
    /'mksquashfs'/,
  ])
})

/** The steps that compile, for a source of the kernel that is there, and their inputs. */
async function compilingSteps({ cache, loadConfig, root, dist }: CheckOptions): Promise<[Step, Inputs][]> {
  mkdirSync(join(cache.own, 'sources'), { recursive: true })
  writeFileSync(
    join(cache.own, 'sources', `${pin.distribution.package}-${pin.distribution.atLeast}.tar.xz`),
    '',
  )
  const options = { config: await loadConfig(), cache, out: dist, jobs: 1 }
  const steps = [await kernelStep(options, root), await programsStep(options)]
  return steps.map((step) => [step, step.inputs as Inputs])
}

/** Puts a kernel into the cache, as if it had been compiled for this configuration. */
async function keepKernel(options: CheckOptions): Promise<string> {
  const [[, inputs] = []] = await compilingSteps(options)
  const key = cacheKey('kernel', inputs ?? {})
  const made = join(options.root, 'made')
  mkdirSync(made)
  await storeEntry(options.cache, key, made)
  return key
}

await t.test('a kernel at hand needs none of its tools', async (t) => {
  const cached = fine(t, ['flex'])
  await keepKernel(cached)
  t.strictSame(await check(cached), { problems: [], warnings: [] })
})

await t.test('with a store that has what is pinned, no compiler is needed, nor the source', async (t) => {
  const options = fine(t, ['flex', 'gcc', 'musl-gcc', 'stdio.h', 'linux/netlink.h'])
  const [store, pins] = ['store', 'pins'].map((name) => join(options.root, name)) as [string, string]
  options.cache = { ...options.cache, others: [store], pins }
  const sha256 = 'a'.repeat(64)
  for (const [{ name }, inputs] of await compilingSteps(options)) {
    const { sources, tools } = splitTools(inputs)
    t.not(Object.keys(tools).length, 0)
    const key = cacheKey(name, sources)
    const source = { name: pin.distribution.package, version: '99.0', bytes: 1, sha256 }
    const made = { command: 'npm run build', distribution: 'Debian', tools }
    await writePin(pins, key, { inputs: sources, files: { file: { bytes: 3, sha256 } }, made, source })
    mkdirSync(join(store, key), { recursive: true })
    writeFileSync(join(store, key, 'file'), 'abc')
  }
  rmSync(options.cache.own, { recursive: true })
  t.strictSame(await texts(options), [])
  rmSync(store, { recursive: true })
  t.match(await texts(options), [/'gcc'[^]*'musl-gcc'[^]*'flex'/])
})

await t.test('nor does one in dist, while it is whole', async (t) => {
  const options = fine(t, ['flex'])
  const key = await keepKernel(options)
  rmSync(join(options.cache.own, key), { recursive: true })
  const file = join(options.dist, 'vmlinux')
  mkdirSync(options.dist)
  writeFileSync(file, 'a kernel')
  const artefacts = [await describeFile('kernel/vmlinux', file, {})]
  await writeRecord(join(options.dist, 'kernel'), { key, artefacts, how: 'built', seconds: 1 })
  t.strictSame(await texts(options), [])
  writeFileSync(file, 'a carnal')
  t.match(await texts(options), [/'flex'/])
})

await t.test('a kernel of another configuration does not count', async (t) => {
  const options = fine(t, ['flex'])
  const key = await keepKernel(options)
  t.ok(existsSync(join(options.cache.own, key)))
  writeFileSync(join(options.root, 'kernel/config/base.config'), 'CONFIG_A=y\nCONFIG_B=y\n')
  t.match(await texts(options), [/'flex'/])
  const elsewhere = { ...options, cache: { ...options.cache, others: [join(options.root, 'empty')] } }
  t.match(await texts(elsewhere), [/'flex'/], 'another store is looked into')
})

await t.test('QEMU is needed to boot here, not to build', async (t) => {
  const local = await check(fine(t, ['qemu-system-x86_64']))
  t.strictSame(local.problems, [])
  t.match(local.warnings, [/'qemu-system-x86_64', which is needed to boot the machine here/])
  const elsewhere = fine(t, ['qemu-system-x86_64'], { deploy: { ...shipped.deploy, target: 'other' } })
  t.strictSame((await check(elsewhere)).warnings, [])
})

await t.test('refuses tools that are too old', async (t) => {
  const options = fine(t)
  writeFileSync(join(options.facts.path[0] ?? '', 'mkfs.erofs'), '#!/bin/sh\necho mkfs.erofs 1.4\n')
  t.match(await texts(options), [
    'mkfs.erofs 1.4 is too old to pack layers uncompressed or with lz4: 1.5 or newer is needed',
  ])
})

await t.test('an invalid number of jobs is rejected before make runs', async (t) => {
  t.match(await texts({ ...fine(t), jobs: 'two' }), ['NODEOS_JOBS: found "two"; allowed: a whole number'])
})

await t.test('what looks like a secret in the configuration is a warning', async (t) => {
  const { app } = await fine(t).loadConfig()
  const options = fine(t, [], { app: { ...app, env: { API_TOKEN: 'x' } } })
  t.match(await check(options), { problems: [], warnings: [/API_TOKEN looks like a secret/] })
})

await t.test(
  'a fragment that is no kernel configuration is refused here, not after the download',
  async (t) => {
    const options = fine(t)
    writeFileSync(join(options.root, 'kernel/config/base.config'), 'CONFIG_A=m\n')
    t.match(await texts(options), [/base\.config:1: not a kernel setting/])
  },
)

await t.test('a configuration that is wrong does not hide the rest', async (t) => {
  const options = fine(t, ['make'])
  options.loadConfig = async () => {
    throw new UserError('config/system.json: 2 errors', { hint: '/memory: …' })
  }
  const { problems } = await check(options)
  t.match(problems, [{ text: 'config/system.json: 2 errors', hint: '/memory: …' }, { text: /'make'/ }])
  const bug = { ...options, loadConfig: async () => Promise.reject(new TypeError('a bug')) }
  await t.rejects(check(bug), TypeError, 'a bug stays one')
})

await t.test('folders must take what a build leaves', async (t) => {
  const options = fine(t)
  writeFileSync(options.dist, 'a file')
  const cache = { own: join(options.dist, 'cache'), others: [] }
  t.match(await texts({ ...options, cache }), [
    /the build writes its results to/,
    /the build keeps its cache in/,
  ])
})

await t.test('the kernel does not compile everywhere', async (t) => {
  const options = fine(t)
  t.match(await texts({ ...options, dist: join(options.root, 'my dist') }), [/spaces or colons/])
  writeFileSync(join(options.root, 'PACKAGE.JSON'), '')
  t.match(await texts(options), [/ignores case/])
})

await t.test('an unsupported host is all that is said there', async (t) => {
  const options = fine(t, ['make'])
  t.match(await check({ ...options, facts: { ...options.facts, platform: 'darwin' } }), {
    problems: [{ text: 'builds need Linux, and this host runs macOS', hint: /\.devcontainer/ }],
  })
})

await t.test('reports everything at once', async (t) => {
  const one = { text: 'no room', hint: 'free some' }
  t.throws(() => report({ problems: [one], warnings: [] }), { message: 'no room', hint: 'free some' })
  t.throws(() => report({ problems: [one, { text: 'no app' }], warnings: [] }), {
    message: '2 problems prevent the build',
    hint: 'no room\n    free some\n\nno app',
  })
})

await t.test('a build begins with it', async (t) => {
  const env = { ...process.env, PATH: t.testdir(), XDG_CACHE_HOME: t.testdirName }
  const { status, stderr } = spawnSync(process.execPath, ['build/layers.ts'], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  t.equal(status, 1)
  t.match(stderr, "could not find 'gcc', which is needed to compile the kernel")
  t.notMatch(stderr, /\n\s+at /, 'no stack trace')
})
