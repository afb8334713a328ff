import t from 'tap'
import { backendHeaders, endToEnd } from '../../../app/headers.ts'
import { originOf, trustList } from '../../../kernel/kit/client-address.ts'

const peer = { address: '::ffff:10.0.0.1', protocol: 'https' } as const
const trusted = trustList(['10.0.0.0/8', 'fd00::/8'])

function clientOf(said: string): string {
  return originOf({ 'x-forwarded-for': said }, peer, trusted).client
}

await t.test('reads client addresses with and without a port', (t) => {
  t.equal(clientOf('203.0.113.9'), '203.0.113.9')
  t.equal(clientOf('203.0.113.9:4711'), '203.0.113.9')
  t.equal(clientOf('192.0.2.1, 203.0.113.9:4711 ,10.2.3.4:80'), '203.0.113.9')
  t.equal(clientOf('2001:db8::1'), '2001:db8::1')
  t.equal(clientOf('[2001:db8::1]'), '2001:db8::1')
  t.equal(clientOf('[2001:db8::1]:443, [fd00::2]:443'), '2001:db8::1')
  t.equal(clientOf('::ffff:203.0.113.9'), '203.0.113.9')
  t.end()
})

await t.test('ignores hops before one without an address', (t) => {
  for (const said of ['', 'unknown', '192.0.2.1, unknown', '192.0.2.1, 300.1.1.1:80', '192.0.2.1,'])
    t.equal(clientOf(said), '10.0.0.1', said)
  t.end()
})

await t.test("reads the client's protocol from a trusted proxy, over TLS, too", (t) => {
  const spoken = (proto: string): string => originOf({ 'x-forwarded-proto': proto }, peer, trusted).protocol
  t.equal(spoken('http'), 'http')
  t.equal(spoken('https'), 'https')
  t.equal(spoken('gopher'), 'https')
  t.equal(originOf({ 'x-forwarded-proto': 'http' }, peer, undefined).protocol, 'https')
  t.end()
})

await t.test('writes the requested host into Forwarded, and does not trust a received one', (t) => {
  const headers = {
    host: 'inner',
    forwarded: 'for=192.0.2.66;proto=http',
    'x-forwarded-for': '2001:db8::1, 10.9.9.9',
    'x-forwarded-host': 'outer.example',
  }
  const passed = backendHeaders(headers, originOf(headers, peer, trusted), 'id')
  t.equal(
    passed[passed.indexOf('forwarded') + 1],
    'for="[2001:db8::1]";proto=https;host="outer.example", for=10.9.9.9, for=10.0.0.1',
  )
  t.notOk(passed.join().includes('192.0.2.66'))
  t.end()
})

await t.test('drops headers that Connection names, except those that frame the message', (t) => {
  const headers = { host: 'x', 'content-length': '5', 'x-own': 'a', 'x-other': 'b' }
  const connection = 'Close, Host, X-Own, Content-Length'
  t.same(endToEnd({ ...headers, connection }), ['host', 'x', 'content-length', '5', 'x-other', 'b'])
  t.end()
})
