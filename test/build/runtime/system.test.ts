import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import t from 'tap'
import { runSync } from '../../../config/lib/run.ts'
import { youngGeneration } from '../../../kernel/contract/node-options.ts'
import { buildSystem, systemInputs } from '../../../build/runtime/system.ts'

await t.test('the system layer imports nothing, and is the same bytes each time', async (t) => {
  const folder = t.testdir()
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  for (const out of [first, second]) {
    mkdirSync(out)
    await buildSystem({ out, node: process.execPath })
  }
  t.same(readdirSync(first), readdirSync(second))
  for (const name of readdirSync(first)) {
    const code = readFileSync(join(first, name), 'latin1')
    t.ok(code === readFileSync(join(second, name), 'latin1'), name)
    if (!/^system\.m?js$/.test(name)) continue
    t.notMatch(code, /^import\b|[;}]import[\s{*"']|\brequire\(/m)
    t.ok(code.length < 100_000, `it has ${code.length} bytes`)
    t.notMatch(code, new RegExp(import.meta.dirname))
  }
})

await t.test('Node takes the compiled code, with the heap options of the machine too', async (t) => {
  const out = t.testdir()
  await buildSystem({ out, node: process.execPath })
  const source = readFileSync(join(out, 'system.js'), 'latin1')
  const cachedData = readFileSync(join(out, 'system.cache'))
  t.equal(new Script(source, { cachedData }).cachedDataRejected, false)
  t.equal(new Script(`${source} `, { cachedData }).cachedDataRejected, true, 'not for another script')
  const check = `
    const { readFileSync } = require('node:fs')
    const [source, cachedData] = [readFileSync('system.js', 'latin1'), readFileSync('system.cache')]
    process.exitCode = new (require('node:vm').Script)(source, { cachedData }).cachedDataRejected ? 1 : 0`
  const options = ['--max-old-space-size-percentage=60', ...youngGeneration(256, 1)]
  runSync([process.execPath, ...options, '--eval', check], { purpose: 'load the code', cwd: out })
})

await t.test('its inputs are everything it is made from', async (t) => {
  const inputs = await systemInputs()
  t.hasProps(inputs, [
    'build/runtime/system.ts',
    'build/runtime/code-cache.cjs',
    'kernel/system/main.ts',
    'kernel/native/binding.ts',
    'kernel/contract/node-options.ts',
    'esbuild',
  ])
  t.ok(Object.values(inputs).every((value) => value.length > 0))
})
