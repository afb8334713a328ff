import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { backend, balancer, inFlight, oneRoute, residentMegabytes, say, until } from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

const ask = (path = '/', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n${more}\r\n`
const agrees = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n'
const health = { kind: 'none' }

await t.test('ignores an upgrade that is pipelined behind a pending response', async (t) => {
  const a = await backend(t, ({ url }, response) => setTimeout(() => response.end(url), 50))
  a.server.on('upgrade', (_request, socket) => socket.end(agrees))
  const lb = await balancer(t, oneRoute([a]))
  const get = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'
  const answer = await say(lb.port, get + ask('/b') + get, (write) => write(get))
  t.same(answer.match(/HTTP\/1\.1 \d+|\/\w+$|\/slow(?=HTTP)|Connection: close/gm), [
    ...['HTTP/1.1 200', '/slow'],
    ...['HTTP/1.1 200', 'Connection: close', '/b'],
  ])
  t.equal(a.count, 2, 'what came with it is not read from somewhere in its middle')
  t.match(await say(lb.port, ask()), /^HTTP\/1\.1 101/, 'one of its own is')
  t.equal(lb.process.exitCode, null)
})

await t.test('responds to a request that offers HTTP/2, or has a body, without an upgrade', async (t) => {
  const a = await backend(t, (request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => response.end(`${request.method} ${body} ${request.headers.upgrade}`))
  })
  const lb = await balancer(t, oneRoute([a]))
  const offer = 'Connection: Upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: AAMAAABk\r\n'
  for (const [text, answer] of [
    [`POST / HTTP/1.1\r\nHost: x\r\n${offer}Upgrade: h2c\r\nContent-Length: 5\r\n\r\nhello`, 'POST hello '],
    [`GET / HTTP/1.1\r\nHost: x\r\n${offer}Upgrade: h2c\r\n\r\n`, 'GET  '],
    [`GET / HTTP/1.1\r\nHost: x\r\n${offer}Upgrade: chat\r\nContent-Length: 5\r\n\r\nhello`, 'GET hello '],
    [`GET / HTTP/1.0\r\nHost: x\r\n${offer}Upgrade: chat\r\n\r\n`, 'GET  '],
  ] as const)
    t.ok((await say(lb.port, text)).endsWith(`${answer}undefined`), text)
})

await t.test('closes a connection after a declined upgrade', async (t) => {
  const a = await backend(t, (_request, response) => response.end('no'))
  const lb = await balancer(t, { ...oneRoute([a]), limits: { connections: 2 } })
  for (const path of ['/', '/healthz']) {
    const client = connect({ port: lb.port, host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => client.destroy())
    client.write(ask(path))
    await once(client.resume(), 'end')
  }
  await until('there is room for others', async () => lb.text('/').then((text) => text === 'no'))
})

await t.test('pauses an endless response for its client, and times out', async (t) => {
  const endless = await backend(t, (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', more)
    more()
  })
  const lb = await balancer(t, { ...oneRoute([endless]), timeouts: { body: 2 } })
  const before = residentMegabytes(lb.process.pid)
  const client = connect(lb.port, '127.0.0.1').on('error', () => undefined)
  t.teardown(() => client.destroy())
  client.write(ask())
  await until('it is in flight', () => endless.count === 1)
  let most = before
  await until('it is given up', async () => {
    most = Math.max(most, residentMegabytes(lb.process.pid))
    return (await inFlight(lb)) === 0
  })
  t.ok(most - before < 60, `${most - before} MB`)
})

await t.test('retries an upgrade on another backend, and makes it sticky', async (t) => {
  const a = await backend(t)
  a.server.on('upgrade', (_request, socket) => socket.end(agrees))
  const gone = { ...a, address: `127.0.0.1:${await freePort()}` }
  const lb = await balancer(t, oneRoute([gone, a], { health, sticky: 'lb', ejection: { failures: 0 } }))
  for (let i = 0; i < 4; i++)
    t.match(await say(lb.port, ask()), /^HTTP\/1\.1 101 [^]*\r\nset-cookie: lb=[0-9a-f]{12};/i)
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
})

await t.test('responds with 504 if the backend sends nothing', async (t) => {
  const mute = await backend(t)
  mute.server.on('upgrade', (_request, socket) => t.teardown(() => socket.destroy()))
  const lb = await balancer(t, { ...oneRoute([mute], { retries: 0 }), timeouts: { response: 0.5 } })
  t.match(await say(lb.port, ask()), /^HTTP\/1\.1 504/)
})

await t.test('responds with 502 to an upgrade with invalid headers', async (t) => {
  const a = await backend(t)
  a.server.on('upgrade', (_request, socket) => socket.end(agrees.replace('chat', 'ch\x01at'), 'latin1'))
  const lb = await balancer(t, oneRoute([a], { health, retries: 0 }))
  t.match(await say(lb.port, ask()), /^HTTP\/1\.1 502/)
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
})

await t.test('checks and logs an upgrade like every request', async (t) => {
  const a = await backend(t)
  a.server.on('upgrade', (_request, socket) => socket.end(agrees))
  const lb = await balancer(t, { ...oneRoute([a]), log: { requests: 'all' } })
  t.match(await say(lb.port, ask('/', 'Host: y\r\n')), /^HTTP\/1\.1 400/)
  t.match(await say(lb.port, ask('/healthz')), /^HTTP\/1\.1 200/)
  t.match(await say(lb.port, ask('/chat')), /^HTTP\/1\.1 101/)
  await until('it is said', () => /"event":"request".*"url":"\/chat".*"status":101/.test(lb.output()))
})
