import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildSystem, systemInputs } from '../../../build/runtime/system.ts'

await t.test(
  'the system layer is one module that imports nothing, and the same bytes each time',
  async (t) => {
    const folder = t.testdir()
    const [first, second] = [join(folder, 'first.mjs'), join(folder, 'second.mjs')]
    await buildSystem({ out: first })
    await buildSystem({ out: second })
    const code = readFileSync(first, 'utf8')
    t.equal(code, readFileSync(second, 'utf8'))
    t.notMatch(code, /^import\b|[;}]import[\s{*"']|\brequire\(/m)
    t.ok(code.length < 100_000, `it has ${code.length} bytes`)
    t.notMatch(code, new RegExp(import.meta.dirname))
  },
)

await t.test('its inputs are everything it is made from', async (t) => {
  const inputs = await systemInputs()
  t.hasProps(inputs, [
    'build/runtime/system.ts',
    'kernel/system/main.ts',
    'kernel/native/binding.ts',
    'kernel/contract/node-options.ts',
    'esbuild',
  ])
  t.ok(Object.values(inputs).every((value) => value.length > 0))
})
