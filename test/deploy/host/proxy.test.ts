import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { PortProxy, portKey } from '../../../deploy/host/proxy.ts'
import { freePort } from '../../lib/ports.ts'

/** A machine's end: answers each connection with its name when the other end has finished. */
async function backend(t: Test, name: string, onConnection?: () => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    onConnection?.()
    socket.on('error', () => undefined)
    text(socket).then(
      (said) => socket.end(`${name}:${said}`),
      () => undefined,
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

async function ask(port: number, said: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(said)
  return text(socket)
}

async function frontOn(t: Test): Promise<{ proxy: PortProxy; port: number; key: string }> {
  const proxy = new PortProxy('127.0.0.1')
  const port = await freePort()
  await proxy.listen([{ port, protocol: 'tcp' }])
  t.teardown(() => proxy.close())
  return { proxy, port, key: portKey({ port, protocol: 'tcp' }) }
}

await t.test('a connection stays with its machine, and a new one goes to the new machine', async (t) => {
  const { proxy, port, key } = await frontOn(t)
  const came = Promise.withResolvers<void>()
  const [one, two] = [await backend(t, 'one', came.resolve), await backend(t, 'two')]
  proxy.forwardTo(new Map([[key, one]]))
  const old = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  old.write('a')
  await came.promise
  proxy.forwardTo(new Map([[key, two]]))
  t.equal(await ask(port, 'b'), 'two:b')
  old.end('c')
  t.equal(await text(old), 'one:ac', 'half-open ends are kept')
})

await t.test('without a machine a connection is held until there is one', async (t) => {
  const { proxy, port, key } = await frontOn(t)
  const answer = ask(port, 'held')
  await wait(200)
  proxy.forwardTo(new Map([[key, await backend(t, 'late')]]))
  t.equal(await answer, 'late:held')
})

await t.test('a connection is held as long as it is told, also one that came before', async (t) => {
  const { proxy, port, key } = await frontOn(t)
  proxy.forwardTo(undefined, 100)
  t.equal(await ask(port, 'short'), '')
  const other = await frontOn(t)
  proxy.forwardTo(undefined, 3000)
  other.proxy.forwardTo(undefined, 3000)
  const answer = ask(port, 'long')
  const short = ask(other.port, 'short')
  await wait(100)
  proxy.forwardTo(undefined, 600_000)
  t.equal(await short, '', 'the other proxy held its connection for as long as this one at first')
  proxy.forwardTo(new Map([[key, await backend(t, 'late')]]))
  t.equal(await answer, 'late:long')
})

await t.test('after a long hold, and after another machine, there is time to dial', async (t) => {
  const { proxy, port, key } = await frontOn(t)
  const [gone, later] = [await freePort(), await freePort()]
  const now = Date.now
  let ahead = 0
  t.intercept(Date, 'now', { value: () => now() + ahead })
  const answer = ask(port, 'x')
  await wait(100)
  ahead += 20_000
  proxy.forwardTo(new Map([[key, gone]]))
  await wait(300)
  ahead += 20_000
  proxy.forwardTo(new Map([[key, later]]))
  await wait(300)
  const machine = createServer((socket: Socket) => socket.end('here')).listen(later, '127.0.0.1')
  t.teardown(() => machine.close())
  t.equal(await answer, 'here')
})

await t.test('a machine that does not listen yet is asked again', async (t) => {
  const { proxy, port, key } = await frontOn(t)
  const later = await freePort()
  proxy.forwardTo(new Map([[key, later]]))
  const answer = ask(port, 'again')
  await wait(300)
  const server = createServer((socket: Socket) => socket.end('here')).listen(later, '127.0.0.1')
  t.teardown(() => server.close())
  t.equal(await answer, 'here')
})

await t.test('it is settled when each connection had an answer', async (t) => {
  const { proxy, port, key } = await frontOn(t)
  const came = Promise.withResolvers<void>()
  const led = new Map([[key, await backend(t, 'one', came.resolve)]])
  proxy.forwardTo(led)
  const silent = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await came.promise
  let settled = false
  const waiting = proxy.awaitResponses(led, 300_000).then(() => (settled = true))
  await wait(200)
  t.notOk(settled)
  silent.end('x')
  await waiting
  t.equal(await text(silent), 'one:x')
})

await t.test(
  'a port that is taken is named with its holder, and none of the others stays open',
  async (t) => {
    const { proxy, port } = await frontOn(t)
    const free = await freePort()
    const other = new PortProxy('127.0.0.1')
    await t.rejects(
      other.listen([
        { port: free, protocol: 'tcp' },
        { port, protocol: 'tcp' },
      ]),
      { message: new RegExp(`^port ${port} of the host is already in use by`) },
    )
    await proxy.listen([{ port: free, protocol: 'tcp' }])
    proxy.listenOnlyOn([])
    await t.rejects(once(connect(free, '127.0.0.1'), 'connect'))
  },
)

await t.test('datagrams find their way there and back', async (t) => {
  const machine = createSocket('udp4')
  machine
    .on('message', (message, from) => machine.send(`echo ${message.toString()}`, from.port, from.address))
    .bind(0, '127.0.0.1')
  await once(machine, 'listening')
  const proxy = new PortProxy('127.0.0.1')
  const client = createSocket('udp4')
  t.teardown(() => {
    machine.close()
    client.close()
    proxy.close()
  })
  const port = await freePort()
  await proxy.listen([{ port, protocol: 'udp' }])
  proxy.forwardTo(new Map([[portKey({ port, protocol: 'udp' }), machine.address().port]]))
  client.send('hello', port, '127.0.0.1')
  const [message] = (await once(client, 'message')) as [Buffer]
  t.equal(message.toString(), 'echo hello')
})
