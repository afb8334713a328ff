import { spawnSync } from 'node:child_process'
import t from 'tap'
import { eventLine, uptime } from '../../../kernel/system/event.ts'

await t.test('an event is a JSON line with its keys in order', async (t) => {
  const line = eventLine({ wallMs: 1_767_225_600_000, uptime: 1.23456 }, 'network', 'network.up', {
    how: 'dhcp',
  })
  t.equal(
    line,
    '{"time":"2026-01-01T00:00:00.000Z","uptime":1.235,"stage":"network","event":"network.up","how":"dhcp"}\n',
  )
})

await t.test('uptime is the kernel’s', async (t) => {
  const { uptime: fromNode } = await import('node:os')
  t.ok(Math.abs(uptime() - fromNode()) < 5)
})

await t.test('a full, non-blocking console loses nothing that fits in half a second', async (t) => {
  const event = new URL('../../../kernel/system/event.ts', import.meta.url).href
  // A pipe holds 64 KiB; process.stdout makes it non-blocking, the reader starts late.
  const code = `
    import { emit } from '${event}'
    process.stdout._handle?.setBlocking?.(false)
    for (let i = 0; i < 60; i++) emit('app', 'filler', { i, text: 'x'.repeat(2000) })`
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', '"$0" --input-type=module -e "$1" | (sleep 0.2; cat)', process.execPath, code],
    { encoding: 'utf8' },
  )
  const lines = stdout.trimEnd().split('\n')
  t.equal(stderr, '')
  t.equal(lines.length, 60)
  t.strictSame(
    lines.map((line) => (JSON.parse(line) as { i: number }).i),
    Array.from({ length: 60 }, (_, i) => i),
  )
})
