import t from 'tap'
import type { Counted } from './count.ts'
import { describeCounted, medianRun } from './describe.ts'

function counted(total: number): Counted {
  const counters = { total, firmware: 1e6, loader: 2e6, kernel: 3e6, user: 4e6 }
  return { counters, seconds: 1.5, stages: [{ event: 'init.started', seconds: 1, counters }], profile: [] }
}

await t.test('selects the median run, the lower of two', async (t) => {
  t.equal(medianRun([counted(30), counted(10), counted(20)]).counters.total, 20)
  t.equal(medianRun([counted(30), counted(10)]).counters.total, 10)
  t.throws(() => medianRun([]))
})

await t.test('prints the run, its stages and the hottest functions', async (t) => {
  const profile = [
    { name: 'hot', instructions: 5e6 },
    { name: 'cold', instructions: 1e6 },
  ]
  const lines = describeCounted('first 200', { ...counted(1e9), profile }, 1).split('\n')
  t.match(
    lines[0],
    /^first 200 +1\.0000 G +1\.50 s +firmware 0\.0010 +loader 0\.0020 +kernel 0\.0030 +user 0\.0040$/,
  )
  t.match(lines[1], /^ {2}init\.started /)
  t.match(lines[2], /0\.0050 G {2}hot$/)
  t.equal(lines.length, 3)
})
