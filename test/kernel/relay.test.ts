import { join } from 'node:path'
import t from 'tap'
import { buildNative } from '../../build/native.ts'
import { npmNode } from '../../build/runtime/node.ts'
import { sanitizerPreload } from './fixtures/namespace.ts'

const { headers } = await npmNode('x64')
const checks = join(import.meta.dirname, 'fixtures/relay-checks.ts')

await t.test('connections are relayed', async (t) => {
  const out = join(t.testdir({}), 'native.node')
  await buildNative({ out, headers })
  await t.spawn(process.execPath, [checks, out], {}, 'relay')
})

await t.test('the same under AddressSanitizer and UndefinedBehaviorSanitizer', async (t) => {
  const out = join(t.testdir({}), 'native.node')
  await buildNative({ out, headers, sanitize: true })
  const env = {
    ...process.env,
    LD_PRELOAD: sanitizerPreload(),
    // Node itself never frees what lives as long as the process.
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
  await t.spawn(process.execPath, [checks, out], { env }, 'sanitized')
})
