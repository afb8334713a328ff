import t from 'tap'
import { stripVTControlCharacters } from 'node:util'
import { formatTable, formatValue, met } from './figures.ts'

await t.test('formats values of every size', async (t) => {
  t.equal(formatValue(457_200_000, 'instructions'), '0.4572 G')
  t.equal(formatValue(94_000_000, 'instructions'), '94.00 M')
  t.equal(formatValue(94_300, 'instructions'), '94.3 k')
  t.equal(formatValue(51_000_000, 'bytes'), '51.00 MB')
  t.equal(formatValue(99_900, 'bytes'), '99.9 kB')
  t.equal(formatValue(64, 'MiB'), '64 MiB')
  t.equal(formatValue(2.345, 'seconds'), '2.35 s')
  t.equal(formatValue(2.345, 'milliseconds'), '2.3 ms')
})

await t.test('a figure meets its target up to and including the value', async (t) => {
  const figure = { id: 'x', label: 'x', unit: 'MiB', target: 64 } as const
  t.equal(met({ ...figure, value: 64 }), true)
  t.equal(met({ ...figure, value: 66 }), false)
  t.equal(met({ id: 'x', label: 'x', unit: 'MiB', value: 1 }), undefined)
})

await t.test('the table aligns its columns and shows whether targets are met', async (t) => {
  const table = formatTable([
    { id: 'a', label: 'memory', value: 66, unit: 'MiB', target: 64 },
    { id: 'b', label: 'app layer', value: 5000, unit: 'bytes', target: 100_000 },
    { id: 'c', label: 'no target', value: 1, unit: 'seconds' },
  ])
  t.same(stripVTControlCharacters(table).split('\n'), [
    'memory     66 MiB    ≤ 64 MiB  missed',
    'app layer  5.0 kB  ≤ 100.0 kB  ok',
    'no target  1.00 s',
  ])
})
