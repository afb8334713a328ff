import t from 'tap'
import { countBoot, type Counted, countUntilExit, describeCounted, medianRun } from './count.ts'
import { assemblePlaces } from './fixtures/places.ts'
import type { Guest } from './guest.ts'

/** A guest that runs a few loops and then idles, or ends QEMU with status 1. */
function guest(folder: string, defines: string[]): Guest {
  const kernel = assemblePlaces(folder, defines)
  return { kernel, append: '', disks: [], memory: 64, extra: ['-device', 'isa-debug-exit,iobase=0xf4'] }
}

await t.test('fails if the guest ends with an error', async (t) => {
  await t.rejects(countUntilExit(guest(t.testdir(), ['-DEXIT'])), /QEMU ended with status 1/)
})

await t.test('fails at once if the guest ends before it responds', async (t) => {
  await t.rejects(countBoot(guest(t.testdir(), ['-DEXIT'])), /QEMU ended with status 1/)
  await t.rejects(countBoot(guest(t.testdir(), ['-DEXIT']), { ready: /never/ }), /QEMU ended with status 1/)
})

await t.test('times out if the guest never ends or never responds', async (t) => {
  const idle = guest(t.testdir(), [])
  await t.rejects(countUntilExit(idle, { timeoutMs: 1000 }), /timed out after 1 s/)
  await t.rejects(countBoot(idle, { timeoutMs: 1000 }), /no 200 response within 1 s/)
  await t.rejects(countBoot(idle, { timeoutMs: 1000, ready: /never/ }), /timed out after 1 s/)
})

function counted(total: number): Counted {
  const counters = { total, firmware: 1e6, loader: 2e6, kernel: 3e6, user: 4e6 }
  return { counters, seconds: 1.5, stages: [{ event: 'init.started', seconds: 1, counters }] }
}

await t.test('selects the median run, the lower of two', async (t) => {
  t.equal(medianRun([counted(30), counted(10), counted(20)]).counters.total, 20)
  t.equal(medianRun([counted(30), counted(10)]).counters.total, 10)
  t.throws(() => medianRun([]))
})

await t.test('prints the run and its stages', async (t) => {
  const lines = describeCounted('first 200', counted(1e9)).split('\n')
  t.match(
    lines[0],
    /^first 200 +1\.0000 G +1\.50 s +firmware 0\.0010 +loader 0\.0020 +kernel 0\.0030 +user 0\.0040$/,
  )
  t.match(lines[1], /^ {2}init\.started /)
  t.equal(lines.length, 2)
})
