import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { backend, inFlight, say, until } from '../../lib/balancer.ts'
import { refusal, smuggled } from '../balancer/smuggled.ts'
import { balance } from '../../lib/balancing-machine.ts'
import { client, keepSending } from '../../lib/load.ts'

const crowd = 100
/** Of those that fill the buffers on their way, which takes a while. */
const fewer = 20
let [sent, smuggledIn] = [0, 0]
const server = await backend(t, (request, response) => {
  const { url } = request
  if (url?.startsWith('/smuggled')) request.resume().on('end', () => (smuggledIn += 1))
  if (url === '/slow') {
    const timer = setInterval(() => response.write('more'), 100)
    return response.on('close', () => clearInterval(timer))
  }
  if (url !== '/endless') return response.end('ok')
  const more = (): void => {
    do sent += 65_536
    while (!response.destroyed && response.write(Buffer.alloc(65_536)))
  }
  response.on('drain', more)
  return more()
})
const timeouts = { headers: 10, request: 10, keepAlive: 60, connect: 30 }
const self = await balance(t, 'broken', [server], { processes: 1, config: { timeouts } })
const port = self.machine.hostPort(8080)
const control = await self.machine.control()
const good = keepSending(client(port, 'keep-alive'))
t.teardown(() => good.stop())

/** Memory of the app's process. */
async function residentMegabytes(): Promise<number> {
  return (await control.call('status', {})).memory.rss / 2 ** 20
}

/** Connections that say something and then nothing. */
async function gather(t: Test, text: string, count = crowd): Promise<Socket[]> {
  const sockets: Socket[] = []
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  while (sockets.length < count) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
    socket.write(text)
    // QEMU's queue holds one connection; further ones arrive seconds later.
    await wait(10)
  }
  return sockets
}

async function allEnd(sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.resume()
  await until('every connection is ended', () => sockets.every(({ closed }) => closed))
}

const before = await residentMegabytes()

await t.test('closes idle connections without a request', async (t) => {
  await allEnd(await gather(t, ''))
})

await t.test('closes connections whose headers arrive byte by byte', async (t) => {
  const sockets = await gather(t, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x')
  }, 300)
  t.teardown(() => clearInterval(timer))
  await allEnd(sockets)
})

await t.test('releases everything when clients half-close during a streamed response', async (t) => {
  const sockets = await gather(t, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  for (const socket of sockets) socket.resume()
  await until('all are answered', () => sockets.every(({ bytesRead }) => bytesRead > 0))
  for (const socket of sockets) socket.end()
  await allEnd(sockets)
  await until('nothing is in flight', async () => ((await inFlight(self)) ?? crowd) <= 1)
})

await t.test('applies back-pressure for clients that do not read, with bounded memory', async (t) => {
  const sockets = await gather(t, 'GET /endless HTTP/1.1\r\nHost: x\r\n\r\n', fewer)
  await until('all are in flight', async () => ((await inFlight(self)) ?? 0) >= fewer)
  let [last, same] = [-1, 0]
  await until('the backend comes to a halt', () => {
    same = sent === last ? same + 1 : 0
    last = sent
    return same >= 60
  })
  const grown = (await residentMegabytes()) - before
  t.ok(grown < 100, `${grown} MiB more while ${fewer} answers wait`)
  for (const socket of sockets) socket.destroy()
  await until('nothing is in flight', async () => ((await inFlight(self)) ?? crowd) <= 1)
})

await t.test('rejects ambiguous requests', async (t) => {
  for (const [why, text] of smuggled) {
    t.match(await say(port, text.replace(/ \//, ' /smuggled')), refusal, why)
    t.equal(smuggledIn, 0, 'no backend has it whole')
  }
})

await t.test('responds with 431 to headers that are too long', async (t) => {
  const long = `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`
  t.match(await say(port, long), /^HTTP\/1\.1 431/)
})

await t.test('closes a connection that floods requests', async (t) => {
  const answer = await say(port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50_000))
  t.ok(answer.length < 10_000, 'it is over before the first answer is')
  await until('nothing is in flight', async () => ((await inFlight(self)) ?? crowd) <= 1)
})

await t.test('served all other clients meanwhile', async (t) => {
  await good.stop()
  t.same(good.failures, [], `of ${good.count()}`)
  t.ok(good.count() > 50, `${good.count()} requests`)
  const grown = (await residentMegabytes()) - before
  t.ok(grown < 100, `${grown} MiB more at the end`)
  t.equal(self.machine.events('node.exited').length, 0)
  t.same(self.machine.events('worker.exited'), [])
})
