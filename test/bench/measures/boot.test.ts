import t from 'tap'
import { bootFigures } from './boot.ts'

function at(event: string, total: number): { event: string; seconds: number; counters: Counters } {
  return { event, seconds: 1, counters: { ...counters, total } }
}

type Counters = typeof counters
const counters = { total: 500, firmware: 10, loader: 5, kernel: 285, user: 200 }

await t.test('the stages add up to the total, and so do the modes', async (t) => {
  const stages = [
    at('init.started', 80),
    at('node.started', 250),
    at('network.up', 300),
    at('app.listening', 450),
  ]
  const values = Object.fromEntries(
    bootFigures({ counters, seconds: 4, stages }).map(({ id, value }) => [id, value]),
  )
  t.same(values, {
    'boot.total': 500,
    'boot.stage.kernel': 80,
    'boot.stage.runtime': 220,
    'boot.stage.app': 200,
    'boot.firmware': 10,
    'boot.kernel': 290,
    'boot.user': 200,
    'boot.seconds': 4,
  })
})

await t.test('the target is for layers without compression only', async (t) => {
  const counted = { counters, seconds: 4, stages: [] }
  t.equal(bootFigures(counted)[0]?.target, 0.26e9)
  t.equal(bootFigures(counted, 'xz')[0]?.target, undefined)
})
