import t from 'tap'
import * as ipv4 from '../../../../kernel/system/network/ipv4.ts'

await t.test('text and number', async (t) => {
  t.equal(ipv4.parseIpv4('192.0.2.1'), 0xc0000201)
  t.equal(ipv4.parseIpv4('255.255.255.255'), 0xffffffff)
  for (const text of ['', '1.2.3', '1.2.3.4.5', '256.0.0.1', 'a.b.c.d', '1.2.3.4 ', '-1.2.3.4']) {
    t.equal(ipv4.parseIpv4(text), undefined, text)
  }
  t.equal(ipv4.formatIpv4(0xfffefdfc), '255.254.253.252')
})

await t.test('masks', async (t) => {
  for (let prefix = 0; prefix <= 32; prefix++) t.equal(ipv4.prefixOf(ipv4.maskOf(prefix)), prefix)
  t.equal(ipv4.prefixOf(0xff00ff00), undefined)
  t.equal(ipv4.prefixOf(1), undefined)
})

await t.test('subnets', async (t) => {
  t.equal(ipv4.networkOf('192.0.2.77', 24), '192.0.2.0')
  t.equal(ipv4.networkOf('192.0.2.77', 0), '0.0.0.0')
  t.equal(ipv4.broadcastOf('192.0.2.77', 24), '192.0.2.255')
  t.equal(ipv4.broadcastOf('192.0.2.77', 31), undefined)
  t.ok(ipv4.inSubnet('192.0.2.1', '192.0.2.200', 24))
  t.notOk(ipv4.inSubnet('192.0.2.1', '192.0.3.1', 24))
  t.notOk(ipv4.inSubnet('10.128.0.2', '10.128.0.1', 32))
})

await t.test('addresses that a machine can have', async (t) => {
  for (const good of ['10.0.2.15', '192.0.2.1', '169.254.1.1']) t.ok(ipv4.isHostAddress(good), good)
  for (const bad of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', 'x']) {
    t.notOk(ipv4.isHostAddress(bad), bad)
  }
})
