import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { announceReports, listReports } from '../../../kernel/system/diagnostic-reports.ts'

type Event = Record<string, unknown>

function announce(folder: string): Event[] {
  const events: Event[] = []
  announceReports(folder, (stage, event, details) => events.push({ stage, event, ...details }))
  return events
}

/** A report as Node writes it, of the second `second`. */
function write(folder: string, second: number, parts: object = {}): void {
  const two = String(second).padStart(2, '0')
  const file = join(folder, `report.20260101.0000${two}.57.0.001.json`)
  const header = {
    event: 'Allocation failed - JavaScript heap out of memory',
    trigger: 'OOMError',
    dumpEventTime: `2026-01-01T00:00:${two}Z`,
    processId: 57,
    threadId: 0,
  }
  writeFileSync(file, JSON.stringify({ header, ...parts }))
  utimesSync(file, second, second)
}

await t.test('the folder is created, and nothing is logged without reports', async (t) => {
  const folder = join(t.testdir(), 'run/reports')
  t.strictSame(announce(folder), [])
  t.strictSame(listReports(folder), [])
})

await t.test('what keeps reports from being kept does not keep the machine from starting', async (t) => {
  const folder = join(t.testdir({ file: '' }), 'file/reports')
  t.match(announce(folder), [{ event: 'system.error', error: /cannot read diagnostic reports: ENOTDIR/ }])
})

await t.test('a report is logged once', async (t) => {
  const folder = t.testdir()
  write(folder, 1, {
    javascriptHeap: { usedMemory: 31_117_056, memoryLimit: 232_783_872 },
    javascriptStack: { message: 'No stack.', stack: ['Unavailable.'] },
  })
  t.strictSame(announce(folder), [
    {
      stage: 'node',
      event: 'report.written',
      report: '2026-01-01T00-00-01Z-57-0.json',
      trigger: 'OOMError',
      cause: 'Allocation failed - JavaScript heap out of memory',
      pid: 57,
      heap_mib: 30,
      heap_limit_mib: 222,
    },
  ])
  t.strictSame(announce(folder), [])
  t.match(listReports(folder), [{ name: '2026-01-01T00-00-01Z-57-0.json', bytes: Number }])
})

await t.test('the top of the stack is the error and five frames', async (t) => {
  const frames = Array.from({ length: 9 }, (_, index) => `at f${index} (file:///srv/app/index.ts:1:1)`)
  for (const javascriptStack of [
    { message: 'Error: boom', stack: frames },
    { message: '[eval]:1', stack: ['throw it', '^', '', 'Error: boom', ...frames] },
  ]) {
    const folder = t.testdir()
    write(folder, 1, { javascriptStack })
    t.strictSame(announce(folder)[0]?.['stack'], ['Error: boom', ...frames.slice(0, 5)])
  }
})

await t.test('three are kept, the newest; one that is being written is left alone', async (t) => {
  const folder = t.testdir({ 'report.20260101.000009.58.0.001.json': '{"header":' })
  for (const second of [1, 2, 3, 4]) write(folder, second)
  t.equal(announce(folder).length, 4)
  t.strictSame(readdirSync(folder).sort(), [
    '2026-01-01T00-00-03Z-57-0.json',
    '2026-01-01T00-00-04Z-57-0.json',
    'report.20260101.000009.58.0.001.json',
  ])
})
