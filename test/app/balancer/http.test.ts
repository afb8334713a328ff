import { connect as connectHttp2 } from 'node:http2'
import { createServer as createTcp, connect } from 'node:net'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as requestTls } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { Readable } from 'node:stream'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { certify } from '../../lib/certify.ts'
import { limit } from '../../lib/until.ts'
import {
  backend,
  balancer,
  oneRoute,
  portOf,
  residentMegabytes,
  say,
  until,
  untilSteady,
} from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

await t.test('streams a large body in both directions, at the pace of the slower side', async (t) => {
  const size = 64 * 2 ** 20
  const echo = await backend(t, (request, response) => void request.pipe(response))
  const lb = await balancer(t, oneRoute([echo]))
  const chunk = Buffer.alloc(65_536, 'x')
  let taken = 0
  function* chunks(): Generator<Buffer> {
    for (; taken < size; taken += chunk.length) yield chunk
  }
  const { request } = await import('node:http')
  const sent = request({ port: lb.port, method: 'POST', path: '/' })
  Readable.from(chunks()).pipe(sent)
  const [response] = (await once(sent, 'response')) as [Readable]
  await untilSteady('what is sent', () => taken)
  const rss = residentMegabytes(lb.process.pid)
  t.ok(rss < 250, `${rss} MB resident while 64 MB are not read`)
  let received = 0
  for await (const part of response) received += (part as Buffer).length
  t.equal(received, size)
})

await t.test(
  "drops hop-by-hop headers, adds the client's address, and trusts listed proxies only",
  async (t) => {
    const mirror = await backend(t, (request, response) => response.end(JSON.stringify(request.headers)))
    const lb = await balancer(t, oneRoute([mirror]))
    const spoofed = {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=203.0.113.9',
      'x-real-ip': '203.0.113.9',
      'x-request-id': 'chosen',
      te: 'trailers',
      'proxy-authorization': 'Basic eA==',
    }
    const seen = JSON.parse(await lb.text('/', { headers: spoofed })) as Record<string, string>
    t.match(seen, {
      'x-forwarded-for': /^127\.0\.0\.1$/,
      'x-forwarded-proto': /^http$/,
      'x-forwarded-host': `127.0.0.1:${lb.port}`,
      'x-real-ip': '127.0.0.1',
      forwarded: `for=127.0.0.1;proto=http;host="127.0.0.1:${lb.port}"`,
      'x-request-id': /^[0-9a-f]{12}-/,
    })
    t.equal(seen['te'], 'trailers')
    t.notOk(seen['proxy-authorization'])
    const trusting = await balancer(t, {
      ...oneRoute([mirror]),
      trustedProxies: ['127.0.0.0/8', '198.51.100.0/24'],
    })
    const chain = { ...spoofed, 'x-forwarded-for': '192.0.2.66, 203.0.113.9, 198.51.100.7' }
    t.match(JSON.parse(await trusting.text('/', { headers: chain })), {
      'x-forwarded-for': '192.0.2.66, 203.0.113.9, 198.51.100.7, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-real-ip': '203.0.113.9',
      'x-request-id': 'chosen',
    })
  },
)

await t.test('forwards WebSockets in both directions, until they close', async (t) => {
  const a = await backend(t)
  const sockets = new WebSocketServer({ server: a.server })
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  const lb = await balancer(t, oneRoute([a]))
  const client = new WebSocket(`ws://127.0.0.1:${lb.port}/chat`)
  await once(client, 'open')
  for (const text of ['hello', 'x'.repeat(300_000)]) {
    client.send(text)
    const [data] = (await once(client, 'message')) as [Buffer]
    t.equal(data.toString(), text)
  }
  t.equal((await lb.overview()).pools[0]?.backends[0]?.inflight, 1)
  client.close(1000)
  const [code] = (await once(client, 'close')) as [number]
  t.equal(code, 1000)
  await until('it is over', async () => (await lb.overview()).pools[0]?.backends[0]?.inflight === 0)
})

await t.test('passes on the response of a backend that declines an upgrade; 502 if it is down', async (t) => {
  const a = await backend(t, (_request, response) => response.writeHead(418).end('no'))
  a.server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno'),
  )
  const lb = await balancer(t, oneRoute([a], { health: { kind: 'none' } }))
  const refused = async (): Promise<string> => {
    const client = new WebSocket(`ws://127.0.0.1:${lb.port}/`)
    const [error] = (await once(client, 'error')) as [Error]
    return error.message
  }
  t.match(await refused(), /403/)
  await a.stop()
  t.match(await refused(), /502/)
})

await t.test(
  'TLS: HTTP/2 and HTTP/1.1, certificates by server name, renewal without lost connections',
  async (t) => {
    const held: ServerResponse[] = []
    const slow = await backend(t, (_request, response) => {
      response.write('begun ')
      held.push(response)
    })
    const [one, two] = [certify(t, 'one.example', '*.one.example'), certify(t, 'two.example')]
    const port = await freePort()
    const lb = await balancer(
      t,
      {
        ...oneRoute([slow]),
        listeners: [
          {
            port,
            protocol: 'https',
            certificates: [
              { certificate: 'env:ONE_CRT', key: 'env:ONE_KEY' },
              { certificate: 'env:TWO_CRT', key: 'env:TWO_KEY' },
            ],
          },
        ],
      },
      { ONE_CRT: one.certificate, ONE_KEY: one.key, TWO_CRT: two.certificate, TWO_KEY: two.key },
    )
    const subject = async (servername: string): Promise<string | undefined> => {
      const socket = connectTls({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const { CN } = socket.getPeerCertificate().subject
      socket.destroy()
      return Array.isArray(CN) ? CN[0] : CN
    }
    t.equal(await subject('one.example'), 'one.example')
    t.equal(await subject('a.one.example'), 'one.example')
    t.equal(await subject('two.example'), 'two.example')
    t.equal(await subject('three.example'), 'one.example', 'the first for any other name')
    t.equal(await subject(''), 'one.example', 'and for none')

    const old = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    })
    await t.rejects(once(old, 'secureConnect'), 'TLS 1.1 is not spoken')

    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      rejectUnauthorized: false,
      servername: 'one.example',
    })
    t.teardown(() => session.destroy())
    const stream = session.request({ ':path': '/', ':authority': 'one.example' })
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    t.equal(headers[':status'], 200)
    const { certificate, key } = certify(t, 'new.example')
    t.equal((await lb.change('PUT', `/api/certificates/${port}`, { certificate, key })).status, 204)
    t.equal(await subject('new.example'), 'new.example')
    held.shift()?.end('done')
    let text = ''
    for await (const part of stream) text += (part as Buffer).toString()
    t.equal(text, 'begun done', 'what was open went on')
    t.equal((await lb.change('PUT', `/api/certificates/${port}`, { certificate, key: two.key })).status, 400)
    t.equal(await subject('new.example'), 'new.example', 'a pair that does not fit leaves the old one')

    const sent = requestTls({ port, host: '127.0.0.1', agent: false, rejectUnauthorized: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    t.same([response.httpVersion, response.statusCode], ['1.1', 200])
    sent.destroy()
  },
)

await t.test('redirects http to https, and responds to health checks', async (t) => {
  const port = await freePort()
  const a = await backend(t)
  const lb = await balancer(t, {
    ...oneRoute([a]),
    listeners: [{ port, protocol: 'redirect', redirectPort: 8443 }],
  })
  const response = await lb.get('/x?y=%0d%0aset-cookie:a', { redirect: 'manual' })
  t.equal(response.status, 308)
  t.equal(response.headers.get('location'), 'https://127.0.0.1:8443/x?y=%0d%0aset-cookie:a')
  t.notOk(response.headers.get('set-cookie'))
  t.equal((await lb.get('/healthz', { redirect: 'manual' })).status, 200)
  const sent = async (line: string, host: string): Promise<string | undefined> => {
    const answer = await say(port, `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    return /^location: (.*)\r$/m.exec(answer)?.[1] ?? /\d{3}/.exec(answer)?.[0]
  }
  t.equal(await sent('GET /a', '[::1]:80'), 'https://[::1]:8443/a')
  t.equal(await sent('GET //b/c', 'x.example'), 'https://x.example:8443//b/c')
  t.equal(await sent('GET http://y.example:80/a?b', 'x.example'), 'https://y.example:8443/a?b')
  t.equal(await sent('OPTIONS *', 'x.example'), '400')
  t.equal(await sent('GET /', ':'), '400')
})

await t.test('uses the host of an absolute request target', async (t) => {
  const a = await backend(t, ({ url, headers }, response) => response.end(`${headers.host} ${url}`))
  const { pools } = oneRoute([a]) as { pools: object }
  const lb = await balancer(t, { routes: [{ host: 'a.example', path: '/app', pool: 'web' }], pools })
  const get = async (target: string): Promise<string> =>
    say(lb.port, `GET ${target} HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n`)
  t.match(await get('http://a.example/app?b=c'), /^HTTP\/1\.1 200 [^]*a\.example \/app\?b=c$/)
  t.match(await get('http://c.example/app'), /^HTTP\/1\.1 404/)
  t.match(await get('ftp://a.example/app'), /^HTTP\/1\.1 400/)
  t.match(await get('/app'), /^HTTP\/1\.1 404/)
})

await t.test('TCP: both directions, half-closed connections, another backend if one is down', async (t) => {
  const server = createTcp({ allowHalfOpen: true }, (socket) => {
    let text = ''
    socket.on('data', (data: Buffer) => (text += data.toString()))
    socket.on('end', () => socket.end(text.toUpperCase()))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const gone = await freePort()
  const port = await freePort()
  await balancer(t, {
    listeners: [{ port, protocol: 'tcp', pool: 'echo' }],
    pools: {
      echo: {
        protocol: 'tcp',
        backends: [{ address: `127.0.0.1:${gone}` }, { address: `127.0.0.1:${portOf(server)}` }],
        health: { kind: 'none' },
        ejection: { failures: 0 },
      },
    },
    // Which are 1100.0000000000001 ms.
    timeouts: { idle: 1.1, headers: 16.1, connect: 16.1 },
  })
  for (let i = 0; i < 4; i++) {
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    client.end('hello')
    let text = ''
    for await (const part of client) text += (part as Buffer).toString()
    t.equal(text, 'HELLO')
  }
  const idle = connect(port, '127.0.0.1')
  idle.write('x')
  await once(idle, 'close', { signal: limit() })
  t.pass('an idle connection is closed')
})
