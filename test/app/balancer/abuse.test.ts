import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import { backend, balancer, oneRoute, say, until, untilSteady } from '../../lib/balancer.ts'
import { refusal, smuggled } from './smuggled.ts'
import { freePort } from '../../lib/ports.ts'
import { ownConnection } from '../../lib/until.ts'

let whole = 0
const a = await backend(t, (request, response) => {
  request.resume().on('end', () => {
    whole += 1
    response.end('ok')
  })
})
const lb = await balancer(t, {
  ...oneRoute([a]),
  limits: { headerBytes: 4096, bodyBytes: 100_000, connections: 50 },
  timeouts: { headers: 1, request: 2, keepAlive: 2 },
})

for (const [why, text] of smuggled) {
  await t.test(`rejects ${why}`, async (t) => {
    const before = whole
    t.match(await say(lb.port, text), refusal)
    t.equal(whole, before, 'no backend has it whole')
    t.equal(await lb.text('/', { headers: ownConnection }), 'ok', 'and goes on')
  })
}

await t.test('treats a body that looks like a request as a body', async (t) => {
  const before = a.count
  const inner = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'
  const answer = await say(
    lb.port,
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  )
  t.equal(answer.match(/HTTP\/1\.1/g)?.length, 1)
  t.equal(a.count, before + 1)
})

await t.test('responds with 431 to headers that are too long', async (t) => {
  t.match(
    await say(lb.port, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'b'.repeat(5000)}\r\n\r\n`),
    /^HTTP\/1\.1 431/,
  )
})

await t.test('responds with 413 to bodies that are too long, with a length or without', async (t) => {
  t.equal((await lb.get('/', { method: 'POST', body: 'x'.repeat(100_001) })).status, 413)
  const chunked = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 20; i++) controller.enqueue(Buffer.alloc(10_000))
      controller.close()
    },
  })
  const init = { method: 'POST', body: chunked, duplex: 'half' } as RequestInit
  t.equal((await lb.get('/', init)).status, 413)
  t.equal((await lb.get('/', { method: 'POST', body: 'x'.repeat(100_000) })).status, 200)
})

async function dribble(start: string, piece: string): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const answer = say(lb.port, start, (write) => (timer = setInterval(() => write(piece), 100)))
  return answer.finally(() => clearInterval(timer))
}

await t.test('disconnects a client that sends headers or body too slowly', async (t) => {
  const [headers, body] = await Promise.all([
    dribble('GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'),
    dribble('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', 'x'),
  ])
  t.match(headers, /^(HTTP\/1\.1 408|$)/)
  t.match(body, /^(HTTP\/1\.1 408|$)/)
})

await t.test('closes connections above the limit, and keeps open ones', async (t) => {
  const sockets = Array.from({ length: 70 }, () => connect(lb.port, '127.0.0.1').on('error', () => undefined))
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  await until(
    'some are closed',
    () => sockets.filter(({ readableEnded, destroyed }) => readableEnded || destroyed).length >= 20,
  )
  for (const socket of sockets) socket.resume().destroy()
  await until('there is room again', async () =>
    lb.text().then(
      (text) => text === 'ok',
      () => false,
    ),
  )
})

await t.test('releases everything when a client disconnects in the middle', async (t) => {
  const slow = await backend(t, (_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(1000)), 10)
    response.on('close', () => clearInterval(timer))
  })
  const other = await balancer(t, oneRoute([slow]))
  for (let i = 0; i < 20; i++) {
    const socket = connect(other.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    socket.destroy()
  }
  const state = async (): Promise<number | undefined> =>
    (await other.overview()).pools[0]?.backends[0]?.inflight
  await until('nothing is in flight', async () => (await state()) === 0)
  t.equal((await other.overview()).pools[0]?.backends[0]?.errorRate, 0, 'which is not the backend’s fault')
})

await t.test('responds with 502 to an invalid response, and blocks injected headers', async (t) => {
  const { createServer } = await import('node:net')
  const answers = [
    'garbage\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A: b\0c\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    '',
  ]
  for (const answer of answers) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(answer))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const broken = await balancer(t, {
      routes: [{ pool: 'web' }],
      pools: { web: { backends: [{ address: `127.0.0.1:${port}` }], health: { kind: 'none' } } },
    })
    t.equal((await broken.get()).status, 502, JSON.stringify(answer))
    server.close()
  }
})

await t.test('rejects HTTP/2 on a listener without it', async (t) => {
  t.match(await say(lb.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^(HTTP\/1\.1 400|$)/)
  const session = connectHttp2(`http://127.0.0.1:${lb.port}`)
  await t.rejects(once(session, 'connect').then(async () => once(session, 'remoteSettings')))
  t.equal(await lb.text('/', { headers: ownConnection }), 'ok')
})

await t.test('limits concurrent streams on a connection', async (t) => {
  const few = await balancer(t, { ...oneRoute([a]), limits: { requestsPerConnection: 3 } })
  const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
  const before = a.count
  const answer = await say(few.port, get.repeat(6))
  t.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 3)
  t.equal(answer.match(/Connection: close/gi)?.length, 1)
  t.equal(a.count - before, 3)
})

await t.test('bounds the memory of all incomplete bodies together', async (t) => {
  const [port, { certificate, key }] = [await freePort(), certify(t, 'x')]
  const listeners = [{ port, protocol: 'https', certificates: [{ certificate: 'env:C', key: 'env:K' }] }]
  const other = await balancer(t, { ...oneRoute([a]), listeners }, { C: certificate, K: key })
  const begin = async (): Promise<void> => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    session.on('error', () => undefined)
    t.teardown(() => session.destroy())
    await once(session, 'remoteSettings')
    for (let i = 0; i < 100; i++) {
      const headers = { ':method': 'POST', 'content-length': '65000' }
      session
        .request(headers)
        .on('error', () => undefined)
        .write(Buffer.alloc(64_000))
    }
  }
  await Promise.all([begin(), begin(), begin(), begin()])
  // Of 400, 258 fit.
  const kept = async (): Promise<number> => {
    const { pools } = await other.overview()
    const [{ inflight } = { inflight: 0 }] = pools[0]?.backends ?? []
    return inflight
  }
  await until('what is too much is passed on', async () => (await kept()) >= 142)
  t.equal(await untilSteady('what is passed on', kept), 142)
})
