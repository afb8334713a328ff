import { execFileSync } from 'node:child_process'
import t from 'tap'
import { processorSeconds } from './build.ts'

const busy = (ms: number): string =>
  `const end = process.cpuUsage().user + ${ms * 1000}; while (process.cpuUsage().user < end);`

await t.test('the processor time of programs is counted, and of those that they run', async (t) => {
  const before = processorSeconds()
  const inner = JSON.stringify(['-e', busy(300)])
  const outer = `require('node:child_process').execFileSync(process.execPath, ${inner}); ${busy(300)}`
  execFileSync(process.execPath, ['-e', outer])
  const seconds = processorSeconds() - before
  t.ok(seconds > 0.55 && seconds < 10, `${seconds} s`)
})
