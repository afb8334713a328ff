import t from 'tap'
import { bench, choose, measures } from './bench.ts'
import type { Measure } from './figures.ts'
import type { Release } from '../../deploy/target.ts'

const all = measures({})

/** A measure that returns `value` times the number of runs. */
function measure(name: string, value: number): Measure {
  return {
    name,
    summary: name,
    run: async ({ runs }) => [{ id: name, label: name, value: value * runs, unit: 'bytes' }],
  }
}

await t.test('without names, selects all measures that are not slow', async (t) => {
  const names = new Set(choose(all, []).map(({ name }) => name))
  t.ok(names.has('boot'))
  t.notOk(names.has('cold'))
  t.notOk(names.has('compression'))
})

await t.test('selects measures by name, slow ones too', async (t) => {
  t.same(
    choose(all, ['cold', 'size']).map(({ name }) => name),
    ['size', 'cold'],
  )
})

await t.test('rejects an unknown name and lists the valid ones', async (t) => {
  t.throws(() => choose(all, ['boots']), { message: /boots/, hint: /^boot +boot: guest/ })
})

await t.test('names are unique', async (t) => {
  t.equal(new Set(all.map(({ name }) => name)).size, all.length)
})

await t.test('the report contains the figures in order, the versions and the host', async (t) => {
  const manifest = { source: { commit: 'abc', dirty: false }, node: '24', kernel: '6.12' }
  const release = { dist: '', manifest } as Release
  const report = await bench([measure('a', 1), measure('b', 2)], release, 3)
  t.same(
    report.figures.map(({ id, value }) => [id, value]),
    [
      ['a', 3],
      ['b', 6],
    ],
  )
  t.match(report, { version: 1, node: '24', kernel: '6.12', source: { commit: 'abc' } })
  t.match(report.host.qemu, /^\d+\.\d+/)
})
