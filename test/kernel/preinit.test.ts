import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { strict } from '../../build/runtime/c-programs.ts'
import { runSync } from '../../config/lib/run.ts'

await t.test('what it gives up for is an event like those of init', async (t) => {
  const program = join(t.testdir(), 'preinit')
  const source = join(import.meta.dirname, 'fixtures/preinit-host.c')
  runSync(['gcc', ...strict, '-Wno-unused-function', '-o', program, source], {
    purpose: 'compile preinit for a test',
  })
  const before = Date.now()
  const said = JSON.parse(execFileSync(program, { encoding: 'utf8' })) as { time: string; uptime: number }
  t.match(said, {
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    stage: 'init',
    event: 'init.failed',
    error: 'no disk contains the layers: No such file or directory',
  })
  t.ok(Date.parse(said.time) >= before && Date.parse(said.time) <= Date.now(), said.time)
  t.ok(said.uptime > 0, `${said.uptime}`)
})
