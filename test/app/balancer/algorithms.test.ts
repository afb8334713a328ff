import t from 'tap'
import { algorithm } from '../../../app/pool.ts'
import type { Backend } from '../../../app/backend.ts'
import { alone } from './alone.ts'

function backends(...weights: number[]): Backend[] {
  return weights.map((weight, index) => alone(`a:${index + 1}`, weight))
}

for (const [name, most] of [
  ['least-connections', 1],
  ['power-of-two', 25],
] as const) {
  await t.test(`${name}: distributes requests in flight by weight`, async (t) => {
    const [choose, all] = [algorithm(name), backends(4, 1, 1)]
    for (let i = 0; i < 600; i++) {
      const chosen = choose(all, '')
      if (chosen !== undefined) chosen.counter.inflight += 1
    }
    const counts = all.map(({ counter }) => counter.inflight)
    for (const [index, wanted] of [400, 100, 100].entries())
      t.ok(Math.abs((counts[index] ?? 0) - wanted) <= most, `${counts.join(', ')} of 600`)
  })
}

await t.test('power of two: distributes by weight while all are idle', async (t) => {
  const [choose, all] = [algorithm('power-of-two'), backends(4, 1, 1)]
  const first = Array.from({ length: 6000 }, () => choose(all, '')).filter((chosen) => chosen === all[0])
  t.ok(Math.abs(first.length - 4000) < 250, `${first.length} of 6000`)
})

await t.test(
  'consistent hash: distributes clients by weight; a higher weight moves clients to that backend only',
  async (t) => {
    const choose = algorithm('consistent-hash')
    const clients = Array.from({ length: 6000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
    const [light, heavy] = [backends(1, 1, 1), backends(4, 1, 1)]
    const places = (all: Backend[]): (string | undefined)[] =>
      clients.map((client) => choose(all, client)?.address)
    const [before, after] = [places(light), places(heavy)]
    for (const { address, weight } of heavy) {
      const count = after.filter((each) => each === address).length
      t.ok(Math.abs(count - weight * 1000) < 150, `${count} for weight ${weight} of 6`)
    }
    t.same(new Set(after.filter((each, index) => each !== before[index])), new Set(['a:1']))
  },
)
