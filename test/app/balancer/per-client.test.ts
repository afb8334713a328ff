import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { clientOf } from '../../../kernel/kit/connection-limit.ts'
import { backend, balancer, oneRoute, until } from '../../lib/balancer.ts'

const limits = { connectionsPerClient: 5 }

function open(t: Test, port: number, count: number, from: string): Socket[] {
  const sockets = Array.from({ length: count }, () =>
    connect({ port, host: '127.0.0.1', localAddress: from })
      .on('error', () => undefined)
      .resume(),
  )
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  return sockets
}

/** Whether a connection is taken: its request is answered. */
async function isServed(t: Test, port: number, from: string): Promise<boolean> {
  const [socket] = open(t, port, 1, from) as [Socket]
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await until('there is an end of it', () => socket.closed)
  return socket.bytesRead > 0
}

await t.test('limits connections per client, independently of other clients', async (t) => {
  const lb = await balancer(t, { ...oneRoute([await backend(t)]), limits })
  const sockets = open(t, lb.port, 8, '127.0.0.2')
  const closed = (): Socket[] => sockets.filter(({ closed }) => closed)
  await until('what is too much is closed', () => closed().length === 3)
  t.notOk(await isServed(t, lb.port, '127.0.0.2'))
  t.ok(await isServed(t, lb.port, '127.0.0.3'))
  t.equal(closed().length, 3, 'what was there before stays')
  for (const socket of sockets) socket.destroy()
  await until('there is room again', async () => isServed(t, lb.port, '127.0.0.2'))
})

await t.test('does not limit connections of trusted proxies', async (t) => {
  const lb = await balancer(t, { ...oneRoute([await backend(t)]), limits, trustedProxies: ['127.0.0.2'] })
  const sockets = open(t, lb.port, 8, '127.0.0.2')
  await until('all are open', () => sockets.every(({ connecting }) => !connecting))
  t.ok(await isServed(t, lb.port, '127.0.0.2'))
  t.notOk(sockets.some(({ closed }) => closed))
})

await t.test('counts an IPv6 network as one client', (t) => {
  t.equal(clientOf('192.0.2.1'), '192.0.2.1')
  t.equal(clientOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2')
  t.equal(clientOf('2001:db8:1:2::1'), '2001:db8:1:2')
  t.equal(clientOf('2001:db8::1:2:3:4:5'), '2001:db8:0:1')
  t.equal(clientOf('2001:db8::'), '2001:db8:0:0')
  t.equal(clientOf('fe80::1'), 'fe80:0:0:0')
  t.equal(clientOf('::1'), '0:0:0:0')
  t.end()
})
