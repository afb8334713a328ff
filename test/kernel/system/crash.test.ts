import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { explainCrash } from '../../../kernel/system/errors.ts'

const trap = (seconds: number, file: string): string =>
  `6,210,${seconds * 1_000_000},-;traps: node[77] trap invalid opcode ip:7f01 sp:7ffd error:0 in ${file}[1139,7f00+1000]\n`

/** Returns the events for a worker that started at 10 s. */
function explain(signal: string, { cpuinfo = '', kernelLog = '' } = {}): Record<string, unknown>[] {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'proc'))
  writeFileSync(join(folder, 'proc/cpuinfo'), cpuinfo)
  writeFileSync(join(folder, 'kmsg'), kernelLog)
  const facts = { proc: join(folder, 'proc'), kernelLog: join(folder, 'kmsg') }
  const events: Record<string, unknown>[] = []
  explainCrash({ worker: 2, pid: 77, signal }, 10_000, facts, (stage, event, details) =>
    events.push({ stage, event, ...details }),
  )
  return events
}

const cpu = 'processor\t: 0\nmodel name\t: QEMU Virtual CPU version 2.5+\nvmx flags\t: none\n'

await t.test('an illegal instruction: the file, the CPU and what it lacks', (t) => {
  const cpuinfo = `${cpu}flags\t\t: fpu sse2 pni cx16 lahf_lm sse4_1x\nbugs\t: none\n`
  t.match(explain('SIGILL', { cpuinfo, kernelLog: trap(12, 'addon.node') }), [
    {
      stage: 'app',
      event: 'app.killed',
      worker: 2,
      pid: 77,
      signal: 'SIGILL',
      in: 'addon.node',
      cpu: 'QEMU Virtual CPU version 2.5+',
      missing: 'popcnt ssse3 sse4_1 sse4_2',
      hint: /-cpu max/,
    },
  ])
  t.end()
})

await t.test('a fault from before the worker started is another one’s', (t) => {
  const segfault = '6,9,11000000,-;node[7]: segfault at 0 ip 0 sp 0 error 4 in sharp.node[1,2+3]\n'
  t.match(explain('SIGSEGV', { kernelLog: trap(9, 'old.node') }), [{ in: '', cpu: '', missing: '' }])
  t.match(explain('SIGSEGV', { kernelLog: segfault }), [{ in: 'sharp.node' }])
  t.match(explain('SIGABRT', { kernelLog: segfault }), [{ in: '', hint: /lines above/ }])
  t.end()
})

await t.test('other signals are no faults', (t) => {
  t.strictSame(explain('SIGTERM'), [])
  t.strictSame(explain('SIGKILL'), [])
  t.end()
})
