import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { request as requestTls } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { Agent, request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { certify } from '../../lib/certify.ts'
import { backend, balancer, checkPath, oneRoute, type TestBalancer, until } from '../../lib/balancer.ts'
import { growth, type Held } from './growth.ts'
import { freePort } from '../../lib/ports.ts'

const [rounds, perRound, atOnce] = [8, 1250, 25]
/** Connections of every other kind in a round. */
const perKind = 40

const server = await backend(t, (asked, response) => {
  if (asked.url === '/endless') return response.writeHead(200).write('x')
  return asked.resume().on('end', () => response.end('x'.repeat(1000)))
})
const sockets = new WebSocketServer({ server: server.server })
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
const { certificate, key } = certify(t, 'x')
const [https, tcp] = [await freePort(), await freePort()]
// A host that has much to do is slow to answer its checks, too.
const health = { path: checkPath, interval: 0.1, timeout: 30 }
const { routes, pools } = oneRoute([server], { health }) as { routes: object[]; pools: object }
const lb = await balancer(
  t,
  {
    listeners: [
      { port: await freePort() },
      { port: https, protocol: 'https', certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }] },
      { port: tcp, protocol: 'tcp', pool: 'bytes' },
    ],
    routes,
    pools: {
      ...pools,
      bytes: { protocol: 'tcp', backends: [{ address: server.address }], health: { kind: 'none' } },
    },
  },
  {
    NODE_OPTIONS: `--expose-gc --import ${join(import.meta.dirname, 'heap-on-signal.ts')}`,
    ...{ CRT: certificate, KEY: key },
  },
)

/** Requests of every kind, most of them on connections that are used again. */
async function load({ url, port, change }: TestBalancer): Promise<number> {
  const dispatcher = new Agent({ connections: atOnce })
  let good = 0
  const ask = async (index: number): Promise<void> => {
    const method = index % 5 === 0 ? 'POST' : 'GET'
    const body = index % 5 === 0 ? 'x'.repeat(index % 2 === 0 ? 100 : 100_000) : null
    const { statusCode, body: answer } = await request(`${url}/${index}`, { method, body, dispatcher })
    await answer.dump()
    if (statusCode === 200) good += 1
    if (index % 50 === 0) await goAway(port)
    if (index % 100 === 0) await change('PATCH', `/api/pools/web/backends/${server.address}`, { weight: 2 })
  }
  let next = 0
  const client = async (): Promise<void> => {
    while (next < perRound) await ask((next += 1))
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  await dispatcher.close()
  return good
}

/** Each on a connection of its own, and through to its end; the length of what came. */
const kinds: Record<string, () => Promise<number>> = {
  async tls() {
    const sent = requestTls({ host: '127.0.0.1', port: https, agent: false, rejectUnauthorized: false }).end()
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream]
    return (await buffer(response)).length
  },
  async http2() {
    const session = connectHttp2(`https://127.0.0.1:${https}`, { rejectUnauthorized: false })
    const streams = [session.request({ ':path': '/' }), session.request({ ':path': '/' })]
    const [first] = await Promise.all(streams.map(async (stream) => buffer(stream)))
    session.close()
    await once(session, 'close')
    return first?.length ?? 0
  },
  async webSocket() {
    const socket = new WebSocket(`wss://127.0.0.1:${https}/`, { rejectUnauthorized: false })
    await once(socket, 'open')
    socket.send('x'.repeat(1000))
    const [data] = (await once(socket, 'message')) as [Buffer]
    socket.close()
    await once(socket, 'close')
    return data.length
  },
  async tcp() {
    const socket = connect(tcp, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const [, body = ''] = (await buffer(socket)).toString().split('\r\n\r\n')
    return body.length
  },
}

async function loadOthers(): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < perKind; i++)
    all.push(...(await Promise.all(Object.values(kinds).map(async (ask) => ask()))))
  return all
}

/** A client that goes away in the middle of its answer. */
async function goAway(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
}

async function held({ process: { pid = 0 }, output }: TestBalancer): Promise<Held> {
  await until('nothing is in flight', async () =>
    (await lb.overview()).pools.every(({ backends }) => backends.every(({ inflight }) => inflight === 0)),
  )
  const said = (): number[] =>
    [...output().matchAll(/^heap in use: (\d+)$/gm)].map(([, bytes]) => Number(bytes))
  const before = said().length
  process.kill(pid, 'SIGUSR2')
  await until('it says how much it uses', () => said().length > before)
  return {
    heapMegabytes: (said().at(-1) ?? 0) / 2 ** 20,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}

await t.test(`releases everything after ${rounds * perRound} requests`, async (t) => {
  const all: Held[] = []
  for (let round = 0; round < rounds; round++) {
    t.equal(await load(lb), perRound)
    t.same(new Set(await loadOthers()), new Set([1000]), 'TLS, HTTP/2, WebSockets and TCP, too')
    all.push(await held(lb))
  }
  const { heapMegabytes, descriptors } = growth(all)
  // Whatever stays of each request has a hundred bytes at least; of a connection, some thousand.
  const most = (100 * perRound) / 2 ** 20
  t.ok(heapMegabytes < most, `${heapMegabytes.toFixed(3)} MB more with every round: ${JSON.stringify(all)}`)
  t.ok(descriptors < 10, `${descriptors} descriptors more with every round`)
})
