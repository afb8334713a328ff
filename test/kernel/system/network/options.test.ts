import t from 'tap'
import {
  addressesOf,
  classlessRoutes,
  cleanName,
  code,
  nameOf,
  numberOf,
  searchDomains,
} from '../../../../kernel/system/network/dhcp/options.ts'
import { seeded } from '../../fixtures/random.ts'

const options = (option: number, ...bytes: number[]) => new Map([[option, Uint8Array.from(bytes)]])
const text = (option: number, value: string) =>
  new Map([[option, Uint8Array.from(Buffer.from(value, 'latin1'))]])

await t.test('numbers have their size', async (t) => {
  t.equal(numberOf(options(26, 5, 220), 26, 2), 1500)
  t.equal(numberOf(options(51, 255, 255, 255, 255), 51, 4), 0xffffffff)
  t.equal(numberOf(options(51, 1, 2), 51, 4), undefined)
  t.equal(numberOf(new Map(), 51, 4), undefined)
})

await t.test('addresses', async (t) => {
  t.strictSame(addressesOf(options(6, 192, 0, 2, 1, 192, 0, 2, 2, 9), 6), ['192.0.2.1', '192.0.2.2'])
  t.strictSame(addressesOf(new Map(), 6), [])
})

await t.test('names are safe to write into a file', async (t) => {
  t.equal(nameOf(text(12, 'web-1\0'), 12), 'web-1')
  t.equal(nameOf(text(15, 'example.com.'), 15), 'example.com')
  const hostile = [
    '',
    '.',
    'a..b',
    'a b',
    'a\nnameserver 203.0.113.1',
    '-a',
    'a-',
    '$(x)',
    'é',
    'x'.repeat(64),
    'a.'.repeat(130),
  ]
  for (const name of hostile) t.equal(cleanName(name), undefined, JSON.stringify(name.slice(0, 30)))
})

await t.test('classless routes (the example of RFC 3442)', async (t) => {
  const value = [
    [0, 10, 0, 0, 1],
    [8, 10, 10, 0, 0, 1],
    [24, 10, 0, 0, 10, 0, 0, 2],
    [25, 10, 229, 0, 128, 10, 229, 0, 1],
    [32, 10, 198, 122, 47, 0, 0, 0, 0],
  ].flat()
  t.strictSame(classlessRoutes(options(code.classlessRoutes, ...value)), [
    { destination: '0.0.0.0', prefix: 0, gateway: '10.0.0.1' },
    { destination: '10.0.0.0', prefix: 8, gateway: '10.0.0.1' },
    { destination: '10.0.0.0', prefix: 24, gateway: '10.0.0.2' },
    { destination: '10.229.0.128', prefix: 25, gateway: '10.229.0.1' },
    { destination: '10.198.122.47', prefix: 32 },
  ])
  t.strictSame(classlessRoutes(options(121, 20, 10, 1, 255, 10, 0, 0, 1)), [
    { destination: '10.1.240.0', prefix: 20, gateway: '10.0.0.1' },
  ])
  t.equal(classlessRoutes(new Map()), undefined)
  t.equal(classlessRoutes(options(121, 33, 1, 2, 3, 4, 5, 6, 7, 8)), undefined)
  t.equal(classlessRoutes(options(121, 24, 10, 0, 0, 10)), undefined)
})

await t.test('search domains (the example of RFC 3397)', async (t) => {
  const value = [...Buffer.from('\x03eng\x05apple\x03com\0\x09marketing\xc0\x04', 'latin1')]
  t.strictSame(searchDomains(options(119, ...value)), ['eng.apple.com', 'marketing.apple.com'])
  t.strictSame(searchDomains(options(119, 1, 97, 0xc0, 0)), [], 'a pointer to itself ends')
  t.strictSame(searchDomains(options(119, 0xc0, 2, 0xc0, 0)), [], 'pointers lead backwards only')
  t.strictSame(searchDomains(options(119, 5, 97)), [], 'cut off')
  t.strictSame(searchDomains(options(119, 3, 97, 32, 98, 0, 1, 97, 0)), ['a'], 'an unsafe name is left out')
  t.strictSame(searchDomains(new Map()), [])
})

await t.test('no bytes make the readers throw or hang', async (t) => {
  const random = seeded(3397)
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 80) }, () =>
      random() < 0.3 ? 0xc0 : Math.floor(random() * (random() < 0.5 ? 8 : 256)),
    )
    for (const name of searchDomains(new Map([[119, bytes]]))) t.equal(cleanName(name), name)
    for (const { prefix } of classlessRoutes(new Map([[121, bytes]])) ?? []) t.ok(prefix <= 32)
  }
})
