import t from 'tap'
import { Counter } from '../../../kernel/kit/request-stats.ts'

function pass(counter: Counter, seconds: number): void {
  for (let i = 0; i < seconds; i++) counter.tick()
}

await t.test('failures and latencies are those of the last half to whole minute', async (t) => {
  const counter = new Counter()
  pass(counter, 17)
  for (let i = 0; i < 10; i++) counter.record(500, true)
  pass(counter, 30)
  counter.record(1, false)
  const now = counter.snapshot()
  t.equal(now.failures, 10)
  t.equal(answered(now), 11)
  pass(counter, 30)
  const later = counter.snapshot()
  t.equal(later.failures, 0, 'what is a minute old is over')
  t.equal(answered(later), 1)
  t.equal(counter.failures, 10, 'but counted for good')
  pass(counter, 60)
  t.equal(answered(counter.snapshot()), 0)
})

function answered({ latencies }: { latencies: readonly number[] }): number {
  return latencies.reduce((sum, count) => sum + count, 0)
}
