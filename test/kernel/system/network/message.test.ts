import t from 'tap'
import { decode, encode, type Message } from '../../../../kernel/system/network/dhcp/message.ts'
import { seeded } from '../../fixtures/random.ts'

const sample: Message = {
  op: 1,
  xid: 0xfedcba98,
  secs: 7,
  broadcast: true,
  ciaddr: '192.0.2.5',
  yiaddr: '0.0.0.0',
  chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1),
  options: new Map([
    [53, Uint8Array.of(1)],
    [12, Uint8Array.from(Buffer.from('nodeos'))],
  ]),
}

/** A message with these bytes in the option field, and some in the fields for file and server name. */
function crafted(options: number[], file: number[] = [], sname: number[] = []): Buffer {
  const bytes = Buffer.alloc(240 + options.length)
  bytes.set(encode(sample).subarray(0, 240))
  bytes.set(options, 240)
  bytes.set(file, 108)
  bytes.set(sname, 44)
  return bytes
}

await t.test('the bytes are those of RFC 2131', async (t) => {
  const bytes = Buffer.from(encode(sample))
  t.equal(bytes.length, 300, 'no shorter than BOOTP')
  t.equal(bytes.toString('hex', 0, 16), '01010600fedcba9800078000c0000205')
  t.equal(bytes.toString('hex', 28, 44), '02000000000100000000000000000000')
  t.equal(bytes.toString('hex', 236, 252), '638253633501010c066e6f64656f73ff')
})

await t.test('decode reads what encode wrote', async (t) => {
  t.strictSame(decode(encode(sample)), sample)
})

await t.test('a long option is split and joined again', async (t) => {
  const long = Uint8Array.from({ length: 700 }, (_, index) => index & 255)
  const message = { ...sample, options: new Map([[121, long]]) }
  const bytes = Buffer.from(encode(message))
  t.strictSame([bytes[240], bytes[241], bytes[497], bytes[498]], [121, 255, 121, 255])
  t.strictSame(decode(bytes)?.options.get(121), long)
})

await t.test('an empty option survives', async (t) => {
  const message = { ...sample, options: new Map([[80, new Uint8Array()]]) }
  t.strictSame(decode(encode(message))?.options.get(80), new Uint8Array())
})

await t.test(
  'overloaded fields are read in the order of RFC 3396, only when option 52 says so',
  async (t) => {
    const file = [121, 2, 3, 4, 255]
    const sname = [121, 1, 5, 255]
    const part = (overload: number) =>
      decode(crafted([52, 1, overload, 121, 2, 1, 2, 255], file, sname))?.options.get(121)
    t.strictSame(part(0), Uint8Array.of(1, 2))
    t.strictSame(part(1), Uint8Array.of(1, 2, 3, 4))
    t.strictSame(part(2), Uint8Array.of(1, 2, 5))
    t.strictSame(part(3), Uint8Array.of(1, 2, 3, 4, 5))
  },
)

await t.test('padding is skipped and a missing end is tolerated', async (t) => {
  t.strictSame(decode(crafted([0, 0, 53, 1, 5]))?.options.get(53), Uint8Array.of(5))
})

await t.test('what is no whole message is refused', async (t) => {
  const good = Buffer.from(encode(sample))
  const changed = (offset: number, value: number) => {
    const bytes = Buffer.from(good)
    bytes[offset] = value
    return bytes
  }
  t.equal(decode(new Uint8Array()), undefined)
  t.equal(decode(good.subarray(0, 239)), undefined, 'too short')
  t.equal(decode(changed(236, 0)), undefined, 'no cookie')
  t.equal(decode(changed(0, 3)), undefined, 'neither request nor reply')
  t.equal(decode(changed(1, 6)), undefined, 'not Ethernet')
  t.equal(decode(changed(2, 16)), undefined, 'hardware address of another size')
  t.equal(decode(crafted([53, 9, 1])), undefined, 'option past the end')
  t.equal(decode(crafted([53])), undefined, 'option without length')
})

await t.test('a view into a larger buffer is read from its own start', async (t) => {
  const padded = Buffer.concat([Buffer.from('xxxx'), encode(sample)])
  t.strictSame(decode(padded.subarray(4)), sample)
})

await t.test('no bytes make it throw', async (t) => {
  const random = seeded(2131)
  const good = encode(sample)
  let understood = 0
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from(good.subarray(0, 240 + Math.floor(random() * 60)))
    const start = round % 3 === 0 ? 0 : 240
    for (let change = 0; change < 1 + random() * 12; change++) {
      bytes[start + Math.floor(random() * (bytes.length - start))] = Math.floor(random() * 256)
    }
    const message = decode(bytes)
    if (message === undefined) continue
    understood++
    t.strictSame(decode(encode(message)), message, 'and what it reads, it can write')
    if (understood > 200) break
  }
  t.ok(understood > 100, 'some of it was understood')
})
