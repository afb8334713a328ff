import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readPin } from '../../build/pipeline/pins.ts'
import { describeFile, writeRecord } from '../../build/pipeline/record.ts'
import { addEntries, type StoreOptions, verifyBuild, verifyStore } from '../../build/store.ts'
import { hashText } from '../../config/lib/hash.ts'
import { root } from '../../config/lib/paths.ts'

const source = 'the source of a kernel'
const config = 'CONFIG_CC_VERSION_TEXT="gcc (Debian 12.2.0-14) 12.2.0"\nCONFIG_LD_VERSION=24000\n'
const inputs = {
  kernel: { source: `linux-source-6.12 sha256:${hashText(source)}`, compiler: 'gcc 12.2.0', arch: 'x64' },
  programs: { 'init flags': 'x', 'init compiler': 'gcc', 'init libc': 'y', 'native compiler': 'gcc' },
}

/** A build whose kernel and programs are these files. */
async function built(t: Test): Promise<{ options: StoreOptions; store: string }> {
  const folder = t.testdir({
    dist: { kernel: { vmlinux: 'a kernel', version: '6.12.117\n', config }, programs: { init: 'a program' } },
    own: { sources: { 'linux.tar.xz': source } },
    pins: {},
  })
  for (const [kind, names] of [
    ['kernel', ['vmlinux', 'version', 'config']],
    ['programs', ['init']],
  ] as const) {
    const artefacts = names.map(async (name) =>
      describeFile(`${kind}/${name}`, join(folder, 'dist', kind, name), inputs[kind]),
    )
    const record = { key: 'x', artefacts: await Promise.all(artefacts), how: 'built', seconds: 1 } as const
    await writeRecord(join(folder, 'dist', kind), record)
  }
  const cache = { own: join(folder, 'own'), pins: join(folder, 'pins') }
  return { options: { dist: join(folder, 'dist'), cache }, store: join(folder, 'store') }
}

await t.test('what a build has made is added, and pinned when that is wanted', async (t) => {
  const { options, store } = await built(t)
  const add = { ...options, store, source: false }
  const [kernel, programs] = await addEntries({ ...add, pin: false })
  t.match(kernel, { kind: 'kernel', pin: 'missing', bytes: 17 + config.length })
  t.match(programs, { kind: 'programs', pin: 'missing' })
  t.equal(await readFile(join(store, kernel?.key ?? '', 'vmlinux'), 'utf8'), 'a kernel')
  t.equal(await readPin(options.cache.pins, kernel?.key ?? ''), undefined)

  t.match(await addEntries({ ...add, pin: true }), [{ pin: 'written' }, { pin: 'written' }])
  t.match(await readPin(options.cache.pins, kernel?.key ?? ''), {
    inputs: { source: inputs.kernel.source, arch: 'x64' },
    files: { vmlinux: { bytes: 8, sha256: hashText('a kernel') }, version: { bytes: 9 } },
    made: {
      command: 'npm run build:kernel',
      tools: { compiler: 'gcc (Debian 12.2.0-14) 12.2.0', linker: '24000' },
    },
    source: {
      name: 'linux-source-6.12',
      version: '6.12.117',
      bytes: source.length,
      sha256: hashText(source),
    },
  })
  t.strictSame((await readPin(options.cache.pins, programs?.key ?? ''))?.inputs, { 'init flags': 'x' })
  t.match(await addEntries({ ...add, pin: true }), [{ pin: 'same' }, { pin: 'same' }], 'again')
})

await t.test('a published store has the source of its kernel', async (t) => {
  const { options, store } = await built(t)
  const [kernel] = await addEntries({ ...options, store, pin: true, source: true })
  t.equal(await readFile(join(store, kernel?.key ?? '', 'source.tar.xz'), 'utf8'), source)
  t.match(await verifyStore(store, options), [{ pin: 'same' }, { pin: 'same' }])
})

await t.test('another compiler with other bytes is noticed, and nothing is added', async (t) => {
  const { options, store } = await built(t)
  const [kernel] = await addEntries({ ...options, store, pin: true, source: false })
  const path = join(options.dist, 'kernel/vmlinux')
  await writeFile(path, 'b kernel')
  const other = { ...inputs.kernel, compiler: 'gcc 14.2.0' }
  const version = await describeFile('kernel/version', join(options.dist, 'kernel/version'), other)
  const artefacts = [await describeFile('kernel/vmlinux', path, other), version]
  await writeRecord(join(options.dist, 'kernel'), { key: 'x', artefacts, how: 'built', seconds: 1 })
  t.match(await verifyBuild(options), [{ key: kernel?.key, pin: 'different' }, { pin: 'same' }])
  await t.rejects(addEntries({ ...options, store: `${store}-2`, pin: true, source: false }), {
    message: `${kernel?.key} in dist/ has other bytes than its pin`,
    hint: /delete that file/,
  })
  await t.rejects(readFile(join(`${store}-2`, kernel?.key ?? '', 'vmlinux')))
})

await t.test('a store that was altered is noticed', async (t) => {
  const { options, store } = await built(t)
  const [kernel] = await addEntries({ ...options, store, pin: true, source: false })
  await writeFile(join(store, kernel?.key ?? '', 'vmlinux'), 'b kernel')
  t.capture(process.stderr, 'write', () => true)
  t.match(await verifyStore(store, options), [{ pin: 'different' }, { pin: 'same' }])
})

await t.test('without a build, or without the source, it says what to do', async (t) => {
  const { options, store } = await built(t)
  await writeFile(join(options.cache.own, 'sources/linux.tar.xz'), 'another')
  await t.rejects(addEntries({ ...options, store, pin: true, source: false }), {
    message: /the source of this kernel is not in .*: linux-source-6\.12 sha256:/,
  })
  await writeFile(join(options.dist, 'kernel/vmlinux'), 'cut off')
  await t.rejects(verifyBuild(options), {
    message: `kernel is missing or incomplete in ${options.dist}`,
    hint: 'npm run build:kernel',
  })
})

function run(...argv: string[]) {
  return spawnSync(process.execPath, ['build/store.ts', ...argv], { cwd: root, encoding: 'utf8' })
}

await t.test('as a program: a wrong command line ends with status 2', (t) => {
  for (const [argv, message] of [
    [[], 'missing argument: add|verify'],
    [['add'], 'add needs a folder'],
    [['remove', '/srv'], "'remove' is not a command"],
    [['add', '/srv', '--pni'], '--pni'],
  ] as const) {
    const { status, stderr } = run(...argv)
    t.equal(status, 2, argv.join(' '))
    t.match(stderr, message)
  }
  const insecure = run('verify', 'http://store.example')
  t.equal(insecure.status, 1)
  t.match(insecure.stderr, 'is not secure')
  t.end()
})
