import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attribute, hottest, parseSymbols, readProfile } from './profile.ts'

await t.test('reads records up to the first unused one', async (t) => {
  const file = join(t.testdir(), 'profile')
  const data = Buffer.alloc(64)
  data.writeBigUInt64LE(0xffffffff81000010n, 0)
  data.writeBigUInt64LE(7n, 8)
  data.writeBigUInt64LE(0x400000n, 16)
  data.writeBigUInt64LE(9n, 24)
  writeFileSync(file, data)
  t.same(readProfile(file), [
    { address: 0xffffffff81000010n, instructions: 7 },
    { address: 0x400000n, instructions: 9 },
  ])
})

await t.test('reads code symbols only', async (t) => {
  const text =
    'ffffffff81000000 T _text\nffffffff82000000 D data\n                 U malloc\n0000000000400000 t a(int)\n'
  t.same(parseSymbols(text), [
    { address: 0xffffffff81000000n, name: '_text' },
    { address: 0x400000n, name: 'a(int)' },
  ])
})

await t.test(
  'adds up by function, hottest first, and names what no symbol covers by its address',
  async (t) => {
    const symbols = [
      { address: 0x2000n, name: 'second' },
      { address: 0x1000n, name: 'first' },
    ]
    const blocks = [
      { address: 0x1000n, instructions: 1 },
      { address: 0x1fffn, instructions: 2 },
      { address: 0x2000n, instructions: 10 },
      { address: 0x10n, instructions: 5 },
      { address: 0x7f0000123456n, instructions: 4 },
    ]
    t.same(attribute(blocks, symbols), [
      { name: 'second', instructions: 10 },
      { name: '[0x0]', instructions: 5 },
      { name: '[0x7f0000100000]', instructions: 4 },
      { name: 'first', instructions: 3 },
    ])
  },
)

await t.test('reads a System.map as it is', async (t) => {
  const file = join(t.testdir({ 'System.map': 'ffffffff81000000 T startup_64\n' }), 'System.map')
  const blocks = [{ address: 0xffffffff81000004n, instructions: 3 }]
  t.same(hottest(blocks, [file]), [{ name: 'startup_64', instructions: 3 }])
})
