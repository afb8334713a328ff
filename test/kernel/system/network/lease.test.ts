import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { leaseFrom } from '../../../../kernel/system/network/dhcp/lease.ts'
import { addressBytes, code } from '../../../../kernel/system/network/dhcp/options.ts'
import { discover } from '../../../../kernel/system/network/dhcp/message.ts'
import { forgetLease, loadLease, saveLease } from '../../../../kernel/system/network/dhcp/lease.ts'
import { clientAddress, reply, type ReplyOptions, serverAddress, word } from '../../fixtures/dhcp-server.ts'

const { message } = discover({ mac: Uint8Array.of(2, 0, 0, 0, 0, 1), hostname: 'nodeos' }, 1, 0)
const lease = (more: ReplyOptions = {}, start = 5000) => leaseFrom(reply(message, 'ack', more), start)
const name = (text: string) => Uint8Array.from(Buffer.from(text))

await t.test('all that a server tells', async (t) => {
  const options: [number, Uint8Array][] = [
    [code.dns, Uint8Array.of(192, 0, 2, 3, 0, 0, 0, 0, 192, 0, 2, 4)],
    [code.hostname, name('web-1')],
    [code.domain, name('example.com')],
    [code.mtu, Uint8Array.of(5, 120)],
    [code.broadcast, addressBytes('192.0.2.255')],
    [code.ntp, addressBytes('192.0.2.9')],
    [code.renewalTime, word(100)],
    [code.rebindingTime, word(200)],
  ]
  t.strictSame(lease({ options }), {
    address: clientAddress,
    prefix: 24,
    broadcast: '192.0.2.255',
    lifetime: 1000,
    mtu: 1400,
    routes: [{ destination: '0.0.0.0', prefix: 0, gateway: serverAddress }],
    dns: ['192.0.2.3', '192.0.2.4'],
    search: ['example.com'],
    ntp: ['192.0.2.9'],
    hostname: 'web-1',
    server: serverAddress,
    renewAt: 105_000,
    rebindAt: 205_000,
    expiresAt: 1_005_000,
  })
})

await t.test('times the server leaves out, or mixes up, are those of the RFC', async (t) => {
  t.match(lease(), { renewAt: 505_000, rebindAt: 880_000, expiresAt: 1_005_000 })
  const mixed = {
    options: [
      [code.renewalTime, word(900)],
      [code.rebindingTime, word(100)],
    ],
  } satisfies ReplyOptions
  t.match(lease(mixed), { renewAt: 505_000, rebindAt: 880_000 })
})

await t.test('a lease for ever', async (t) => {
  const found = lease({ lease: 0xffffffff })
  t.match(found, { renewAt: Infinity, rebindAt: Infinity, expiresAt: Infinity })
  t.notOk(found && 'lifetime' in found)
})

await t.test('classless routes go before the router', async (t) => {
  const route = Uint8Array.of(24, 10, 1, 2, 192, 0, 2, 77)
  t.strictSame(lease({ options: [[code.classlessRoutes, route]] })?.routes, [
    { destination: '10.1.2.0', prefix: 24, gateway: '192.0.2.77' },
  ])
})

await t.test('the search list goes before the domain', async (t) => {
  const options: [number, Uint8Array][] = [
    [code.domain, name('b.example')],
    [code.search, name('\x01a\x07example\0')],
  ]
  t.strictSame(lease({ options })?.search, ['a.example'])
})

await t.test('odd values are passed over', async (t) => {
  t.equal(lease({ options: [[code.mtu, Uint8Array.of(0, 40)]] })?.mtu, undefined, 'an MTU too small for IP')
  t.equal(lease({ options: [[code.hostname, name('a b')]] })?.hostname, undefined)
  t.strictSame(lease({ options: [[code.router, addressBytes('0.0.0.0')]] })?.routes, [])
})

await t.test('an incomplete lease is rejected', async (t) => {
  for (const address of ['0.0.0.0', '127.0.0.1', '255.255.255.255', '239.1.1.1']) {
    t.equal(lease({ address }), undefined, address)
  }
  t.equal(lease({ lease: 0 }), undefined, 'no time')
  t.equal(
    lease({ options: [[code.subnetMask, addressBytes('255.0.255.0')]] }),
    undefined,
    'a mask with holes',
  )
  t.equal(lease({ options: [[code.server, new Uint8Array()]] }), undefined, 'without a server')
})

await t.test('without a mask, the class decides', async (t) => {
  const options: [number, Uint8Array][] = [[code.subnetMask, new Uint8Array()]]
  t.equal(lease({ options })?.prefix, 24)
  t.equal(lease({ options, address: '172.16.0.1' })?.prefix, 16)
  t.equal(lease({ options, address: '10.0.0.1' })?.prefix, 8)
})

await t.test('a kept lease comes back for the same card only', async (t) => {
  const path = join(t.testdir({}), 'nodeos/lease.json')
  const kept = lease({ lease: 0xffffffff })
  if (kept === undefined) throw new Error('no lease')
  saveLease(path, '02:00:00:00:00:01', kept)
  t.strictSame(loadLease(path, '02:00:00:00:00:01'), kept, 'Infinity too')
  t.equal(loadLease(path, '02:00:00:00:00:02'), undefined)
  t.ok(readFileSync(path, 'utf8').includes(clientAddress))
  writeFileSync(path, '{"version":1,')
  t.equal(loadLease(path, '02:00:00:00:00:01'), undefined, 'a damaged file is ignored')
  forgetLease(path)
  forgetLease(path)
  t.notOk(existsSync(path))
})
