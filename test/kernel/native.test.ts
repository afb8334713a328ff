import { execFileSync, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { buildNative, sourceInputs } from '../../build/runtime/c-programs.ts'
import { npmNode } from '../../build/runtime/node.ts'
import { namespaceCommand, noNamespace, sanitizerPreload } from './fixtures/namespace.ts'

const { headers } = await npmNode('x64')
const checks = join(import.meta.dirname, 'fixtures/native-checks.ts')
const namespace = namespaceCommand()
const inNamespace = namespace === undefined ? { skip: noNamespace } : {}
const [bin = '', ...args] = namespace ?? []

await t.test('the binding does what it says', inNamespace, async (t) => {
  const out = join(t.testdir({}), 'native.node')
  await buildNative({ out, headers })
  await t.spawn(bin, [...args, process.execPath, checks, out], {}, 'in a namespace')
})

await t.test(
  'the binding is clean under AddressSanitizer and UndefinedBehaviorSanitizer',
  inNamespace,
  async (t) => {
    const out = join(t.testdir({}), 'native.node')
    await buildNative({ out, headers, sanitize: true })
    const preload = `LD_PRELOAD=${sanitizerPreload()}`
    // Node itself never frees what lives as long as the process.
    const options = ['ASAN_OPTIONS=detect_leaks=0:halt_on_error=1', 'UBSAN_OPTIONS=print_stacktrace=1']
    await t.spawn(bin, [...args, 'env', preload, ...options, process.execPath, checks, out], {}, 'sanitized')
  },
)

await t.test('two builds are the same bytes, with nothing of this machine in them', async (t) => {
  const folder = t.testdir({})
  await buildNative({ out: join(folder, 'a/native.node'), headers })
  await buildNative({ out: join(folder, 'b/native.node'), headers })
  const [a, b] = await Promise.all(['a', 'b'].map((name) => readFile(join(folder, name, 'native.node'))))
  t.ok(a !== undefined && b !== undefined && a.equals(b))
  t.notOk(a?.includes(process.cwd()))
  t.ok((a?.length ?? 0) < 40_000, 'small')
})

await t.test('it reads the clock of a PTP device', async (t) => {
  const folder = t.testdir({ ptp0: '' })
  const [out, fake] = [join(folder, 'native.node'), join(folder, 'fake.so')]
  await buildNative({ out, headers })
  // No host of a test can be relied on to have such a device.
  const source = join(import.meta.dirname, 'fixtures/ptp-clock.c')
  execFileSync('gcc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', fake, source])
  const script = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(out)}); console.log(m.exports.clockRead(process.argv[1]))`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script, join(folder, 'ptp0')], {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: fake },
  })
  t.equal(stdout.trim(), '1750000000250.5', stderr)
})

await t.test('it exports what its type says', async (t) => {
  const out = join(t.testdir({}), 'native.node')
  await buildNative({ out, headers })
  const script = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(out)}); console.log(Object.keys(m.exports).sort().join())`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  const types = await readFile(join(import.meta.dirname, '../../kernel/native/binding.ts'), 'utf8')
  const methods = [...types.slice(types.indexOf('interface Native ')).matchAll(/^ {2}(\w+)\(/gm)]
  t.equal(
    stdout.trim(),
    methods
      .map(([, name]) => name ?? '')
      .toSorted()
      .join(),
  )
})

await t.test('inputs name every source', async (t) => {
  const inputs = await sourceInputs()
  t.match(inputs['kernel/native/netlink.c'], /^[0-9a-f]{64}$/)
  t.match(inputs['kernel/native/native.h'], /^[0-9a-f]{64}$/)
})

await t.test('without a compiler it says what is missing', async (t) => {
  const path = process.env['PATH']
  t.teardown(() => void (process.env['PATH'] = path))
  process.env['PATH'] = t.testdir({})
  await t.rejects(buildNative({ out: join(t.testdirName, 'native.node'), headers }), {
    name: 'UserError',
    message: "could not find 'gcc', which is needed to compile the native binding",
  })
})
