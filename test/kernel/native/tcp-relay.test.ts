import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildNative } from '../../../build/runtime/c-programs.ts'
import { npmNode } from '../../../build/runtime/node.ts'
import { sanitizerPreload } from '../fixtures/namespace.ts'

const { headers } = await npmNode('x64')
/** Few enough to use up. */
const limited = 'ulimit -n 4096 && exec "$0" "$@"'
const checks = join(import.meta.dirname, '../fixtures/tcp-relay-checks.ts')

await t.test('connections are relayed', async (t) => {
  const out = join(t.testdir({}), 'native.node')
  await buildNative({ out, headers })
  await t.spawn('sh', ['-c', limited, process.execPath, checks, out], {}, 'relay')
})

await t.test('the same under AddressSanitizer and UndefinedBehaviorSanitizer', async (t) => {
  const folder = t.testdir({})
  const out = join(folder, 'native.node')
  await buildNative({ out, headers, sanitize: true })
  const env = {
    ...process.env,
    LD_PRELOAD: sanitizerPreload(),
    ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1',
    // Node itself never frees what lives as long as the process: the report is judged here.
    LSAN_OPTIONS: `exitcode=0:log_path=${join(folder, 'leaks')}`,
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
  await t.spawn('sh', ['-c', limited, process.execPath, checks, out], { env }, 'sanitized')
  const reports = readdirSync(folder).filter((name) => name.startsWith('leaks'))
  const leaks = reports.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n\n'))
  // Which of Node's own leaks are found depends on what the stack still points at; one of OpenSSL's always is.
  t.match(leaks.join(), /detected memory leaks/, 'it looks for leaks')
  t.same(
    leaks.filter((leak) => leak.includes('relay.c') && !leak.includes('napi_create_external')),
    [],
    'the relay frees what it allocates',
  )
})
