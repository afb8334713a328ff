import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { isLoopback, placeName } from '../../../kernel/contract/probe.ts'
import { listenersOn, workerPlace } from '../../../kernel/system/servers.ts'

await t.test('addresses that only the machine itself reaches', (t) => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    t.ok(isLoopback(address), address)
  for (const address of ['::', '0.0.0.0', '10.0.2.15', 'fe80::1', '::ffff:10.0.2.15', '2001:db8::1'])
    t.notOk(isLoopback(address), address)
  t.end()
})

await t.test('places by name', (t) => {
  t.equal(placeName({ address: '127.0.0.1', port: 80 }), '127.0.0.1:80')
  t.equal(placeName({ address: '::', port: 80 }), '[::]:80')
  t.equal(placeName({ path: '/run/app.sock' }), '/run/app.sock')
  t.end()
})

await t.test('where a worker listens', (t) => {
  t.strictSame(workerPlace({ address: null, port: 80, addressType: 4 }), { address: '::', port: 80 })
  t.strictSame(workerPlace({ address: '127.0.0.1', port: 80, addressType: 4 }), {
    address: '127.0.0.1',
    port: 80,
  })
  t.strictSame(workerPlace({ address: '/run/app.sock', port: -1, addressType: -1 }), {
    path: '/run/app.sock',
  })
  t.equal(workerPlace({ address: '0.0.0.0', port: 53, addressType: 'udp4' }), undefined)
  t.end()
})

await t.test('what the kernel lists, of any process', async (t) => {
  for (const address of ['127.0.0.1', '127.0.0.2', '0.0.0.0', '::', '::1']) {
    const server = createServer().listen(0, address)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    t.strictSame(listenersOn(port), [address])
    server.close()
    await once(server, 'close')
    t.strictSame(listenersOn(port), [])
  }
  const tables = t.testdir({
    tcp6: '  0: 000080FE00000000FF005452563412FE:0050 00000000000000000000000000000000:0000 0A\n',
  })
  t.strictSame(listenersOn(80, [`${tables}/tcp6`, `${tables}/missing`]), ['fe80::5254:ff:fe12:3456'])
})
