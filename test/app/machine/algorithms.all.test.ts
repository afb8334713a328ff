import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { backend, checkPath, portOf, type TestBackend, until } from '../../lib/balancer.ts'
import { balance } from '../../lib/balancing-machine.ts'

/** How a machine reaches this host. */
const hostAddress = '10.0.2.2'

const three = [await backend(t), await backend(t), await backend(t)]
const held: ServerResponse[] = []
const busy = await backend(t, (_request, response) => void held.push(response))
const refusing = await backend(t, ({ socket }) => socket.destroy())
const sockets = new WebSocketServer({ server: three[0]?.server ?? busy.server })
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))

/** Says again what it hears, and at the end what the sum of it is. */
const echo = createServer({ allowHalfOpen: true }, (socket) => {
  const sum = createHash('sha256')
  socket.on('data', (data: Buffer) => sum.update(data))
  socket.on('end', () => socket.end(sum.digest()))
  socket.pipe(socket, { end: false })
}).listen(0, '127.0.0.1')
await once(echo, 'listening')
t.teardown(() => echo.close())

function pool(backends: Pick<TestBackend, 'address'>[], more: object = {}): object {
  return {
    backends: backends.map(({ address }) => ({ address: inMachine(address) })),
    health: { kind: 'none' },
    ...more,
  }
}

function inMachine(address: string): string {
  return address.replace('127.0.0.1', hostAddress)
}

const weighted = three.map(({ address }, index) => ({
  address: inMachine(address),
  weight: index === 0 ? 4 : 1,
}))
const pools = {
  even: pool(three, { health: { path: checkPath, interval: 0.5, rise: 2, fall: 2 } }),
  weighted: pool([], { backends: weighted }),
  least: pool([busy, ...three.slice(0, 2)], { algorithm: 'least-connections' }),
  two: pool([busy, ...three.slice(0, 2)], { algorithm: 'power-of-two' }),
  hashed: pool(three, { algorithm: 'consistent-hash' }),
  sticky: pool(three, { sticky: 'lb' }),
  retried: pool([refusing, ...three.slice(0, 1)], { ejection: { failures: 0 } }),
  ejecting: pool([refusing, ...three.slice(0, 1)], {
    ejection: { failures: 3, seconds: 3600 },
  }),
  sockets: pool(three.slice(0, 1)),
  bytes: pool([{ address: `127.0.0.1:${portOf(echo)}` }], { protocol: 'tcp' }),
}
const { machine, overview, change } = await balance(t, 'algorithms', [], {
  processes: 1,
  config: {
    listeners: [{ port: 8080 }, { port: 8443, protocol: 'tcp', pool: 'bytes' }],
    routes: Object.keys(pools)
      .filter((name) => name !== 'bytes')
      .map((name) => ({ host: name, pool: name })),
    pools,
    trustedProxies: [hostAddress],
    admin: { port: 9000, changes: '/run/changes.json' },
  },
})
const port = machine.hostPort(8080)
const control = await machine.control()

/** Who answers, with which cookie. */
async function ask(
  host: string,
  headers: Record<string, string> = {},
): Promise<{ text: string; cookie: string }> {
  const asking = request({ port, host: '127.0.0.1', headers: { host, ...headers }, agent: false }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response) text += String(part)
  if (response.statusCode !== 200) throw new Error(`${host} answers ${response.statusCode}`)
  return { text, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? '' }
}

/** How often each of the three was chosen. */
async function shares(host: string, times: number): Promise<number[]> {
  const counts = new Map<string, number>()
  for (let i = 0; i < times; i++) {
    const { text } = await ask(host)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return three.map(({ address }) => counts.get(address) ?? 0)
}

async function stateOf(name: string, { address }: TestBackend): Promise<string | undefined> {
  const found = (await overview()).pools.find((each) => each.name === name)
  return found?.backends.find(({ id }) => id === inMachine(address))?.state
}

await t.test('round robin: with equal and with different weights', async (t) => {
  t.same(await shares('even', 30), [10, 10, 10])
  t.same(await shares('weighted', 30), [20, 5, 5])
})

// In turn a third would go to the busy one.
for (const [name, times, most] of [
  ['least', 12, 0],
  ['two', 90, 23],
] as const) {
  await t.test(`${name}: a busy backend receives next to no requests`, async (t) => {
    const before = busy.count
    const waiting: Promise<unknown>[] = []
    const askOne = async (): Promise<void> => {
      const now = busy.count
      let answered = false
      waiting.push(ask(name).finally(() => (answered = true)))
      await until('it is answered, or came to the busy one', () => answered || busy.count > now)
    }
    while (busy.count === before) await askOne()
    for (let i = 0; i < times; i++) await askOne()
    const others = busy.count - before - 1
    t.ok(others <= most, `${others} of ${times} went to the busy one`)
    for (const response of held.splice(0)) response.end('at last')
    await Promise.all(waiting)
  })
}

await t.test('consistent hash: keeps a client on its backend, and distributes clients', async (t) => {
  const clients = Array.from({ length: 30 }, (_, index) => `192.0.2.${index + 1}`)
  const where = async (): Promise<string[]> => {
    const all: string[] = []
    for (const client of clients) all.push((await ask('hashed', { 'x-forwarded-for': client })).text)
    return all
  }
  const first = await where()
  t.same(await where(), first)
  t.equal(new Set(first).size, 3)
})

await t.test('sticky sessions: a cookie returns a client to its backend', async (t) => {
  const { text, cookie } = await ask('sticky')
  t.match(cookie, /^lb=/)
  for (let i = 0; i < 6; i++) t.equal((await ask('sticky', { cookie })).text, text)
})

await t.test(
  'retries failed requests on another backend; consecutive failures eject a backend',
  async (t) => {
    for (let i = 0; i < 10; i++) t.equal((await ask('retried')).text, three[0]?.address)
    const before = refusing.count
    for (let i = 0; i < 12; i++) t.equal((await ask('ejecting')).text, three[0]?.address)
    t.equal(await stateOf('ejecting', refusing), 'ejected')
    t.equal(refusing.count - before, 3, 'and is left alone then')
  },
)

await t.test('takes out a backend that fails its health checks, until they pass again', async (t) => {
  const [, , gone] = three
  if (gone === undefined) throw new Error('no third backend')
  await gone.stop()
  await until('it is down', async () => (await stateOf('even', gone)) === 'down')
  t.same(await shares('even', 10), [5, 5, 0])
  await gone.start()
  await until('it is up', async () => (await stateOf('even', gone)) === 'up')
  t.same(await shares('even', 12), [4, 4, 4])
})

await t.test('forwards WebSockets', async (t) => {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: 'sockets' } })
  await once(client, 'open')
  client.send('there and back')
  const [data] = (await once(client, 'message')) as [Buffer]
  t.equal(data.toString(), 'there and back')
  client.close()
  await once(client, 'close')
})

await t.test(
  'forwards TCP by the relay: megabytes in both directions, and half-closed connections',
  async (t) => {
    const count = `{ const { relay } = nodeos; nodeos.relay = (...all) => { const is = relay(...all); globalThis.relayed = is; return is } }`
    await control.call('repl', { source: count })
    const sent = randomBytes(6 * 2 ** 20)
    const socket = connect({ port: machine.hostPort(8443), host: '127.0.0.1', allowHalfOpen: true })
    socket.end(sent)
    const received = await buffer(socket)
    t.ok(received.subarray(0, sent.length).equals(sent), 'all came back')
    t.same(
      received.subarray(sent.length),
      createHash('sha256').update(sent).digest(),
      'and the sum after our end',
    )
    t.equal(await control.call('repl', { source: 'relayed' }), 'true')
  },
)

await t.test('keeps changes when Node restarts', async (t) => {
  const [first] = three
  const address = inMachine(first?.address ?? '')
  t.equal(await change('PATCH', `/api/pools/even/backends/${address}`, { weight: 8 }), 200)
  control.call('repl', { source: 'process.abort()' }).catch(() => undefined)
  await machine.waitFor('health.ok', 2)
  t.match(await shares('even', 10), [8, 1, 1])
})
