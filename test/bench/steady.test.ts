import t from 'tap'
import { type Batch, quantile, steady } from './steady.ts'

/** Batches of these costs, the last one for ever. */
function batches(...costs: number[]): () => Promise<Batch> {
  let at = 0
  return async () => {
    const cost = costs[Math.min(at++, costs.length - 1)] ?? 0
    return { cost, rate: cost, latencies: [cost] }
  }
}

await t.test('warms up until three consecutive batches cost the same, then measures', async (t) => {
  const found = await steady(batches(900, 500, 300, 200, 100, 101, 101, 101, 103, 106, 106), {
    measured: 2,
  })
  t.match(found, { settled: true, warmUp: 7, cost: 104, rate: 104, latencies: [101, 103, 106, 106] })
  t.equal(found.drift, 4 / 102)
})

await t.test('continues after the first plateau', async (t) => {
  t.match(await steady(batches(900, 900, 900, 400, 200), { least: 4 }), { cost: 200, warmUp: 7 })
})

await t.test('repeats the measurement while V8 still compiles, up to the limit', async (t) => {
  const options = { least: 3, measured: 2 }
  const costs = [900, 900, 900, 900, 700, 500, 300, 200]
  t.match(await steady(batches(...costs), { ...options, more: 4 }), { cost: 200, drift: 0 })
  t.match(await steady(batches(...costs), { ...options, more: 1 }), { cost: 300, drift: 1 })
})

await t.test('gives up at the limit, and reports that', async (t) => {
  const growing = batches(...Array.from({ length: 20 }, (_, index) => 2 ** index))
  t.match(await steady(growing, { most: 6, measured: 1 }), { settled: false, warmUp: 6, drift: 1 })
})

await t.test('a quantile is one of the values', async (t) => {
  const sorted = [1, 2, 3, 4]
  t.same([quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 0)], [2, 4, 1])
})
