import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { portOf, say, until } from '../../lib/balancer.ts'
import { askHttp2, both, raw } from '../../lib/raw-http.ts'

/** Responses that have no body, whatever their headers declare. */
const bodiless = [
  ['304 with Content-Length', 'GET', '304 Not Modified\r\nETag: "x"\r\nContent-Length: 10', '10'],
  [
    '304 with Transfer-Encoding',
    'GET',
    '304 Not Modified\r\nETag: "x"\r\nTransfer-Encoding: chunked',
    undefined,
  ],
  ['304 alone', 'GET', '304 Not Modified\r\nETag: "x"', undefined],
  ['204 with Content-Length', 'GET', '204 No Content\r\nContent-Length: 10', undefined],
  ['204 alone', 'GET', '204 No Content', undefined],
  ['205 of length 0', 'GET', '205 Reset Content\r\nContent-Length: 0', '0'],
  ['205 with a body', 'GET', '205 Reset Content\r\nContent-Length: 4\r\n\r\nbody', '0'],
  ['HEAD with Content-Length', 'HEAD', '200 OK\r\nContent-Length: 5000', '5000'],
  ['HEAD with Transfer-Encoding', 'HEAD', '200 OK\r\nTransfer-Encoding: chunked', undefined],
  ['HEAD of a 304', 'HEAD', '304 Not Modified\r\nContent-Length: 10', '10'],
] as const

for (const [name, method, head, length] of bodiless) {
  await t.test(`${name}: sends no body, and keeps every connection`, async (t) => {
    const backend = await raw(
      t,
      (socket) => void socket.write(`HTTP/1.1 ${head}${head.endsWith('body') ? '' : '\r\n\r\n'}`),
    )
    const { lb, secure } = await both(t, backend.address)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.teardown(() => agent.destroy())
    for (let nth = 0; nth < 3; nth += 1) {
      const request = requestHttp({ port: lb.port, method, agent }).end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      t.equal(response.headers.connection, 'keep-alive')
      t.equal(response.statusCode, Number(head.slice(0, 3)))
      t.equal(response.headers['content-length'], length)
      t.equal(await text(response), '')
    }
    const { headers, body, rstCode } = await askHttp2(secure, { ':method': method })
    t.match(
      { status: headers[':status'], body, rstCode },
      { status: Number(head.slice(0, 3)), body: '', rstCode: 0 },
    )
    t.equal(headers['content-length'], length)
    t.equal(backend.connections(), 1, 'one connection to the backend')
  })
}

const hints = ['</a.css>; rel=preload', '</b.css>; rel=preload']
const informational = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
  ...hints.map((link) => `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\nTE: x\r\n\r\n`),
  'HTTP/1.1 199 Whatever\r\nX-Progress: 50%\r\n\r\n',
].join('')

await t.test('passes on any number of informational responses at once', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const backend = await raw(t, (socket, head) => {
    socket.write(informational)
    const finish = (): void => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    if (head.startsWith('PUT')) void arrived.promise.then(finish)
    else finish()
  })
  const { lb, secure } = await both(t, backend.address)
  const request = requestHttp({ port: lb.port, method: 'PUT' })
  const seen: object[] = []
  request.on('information', (information) => {
    seen.push(information)
    // The response itself comes only when all of these have arrived.
    if (information.statusCode === 199) arrived.resolve()
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  t.equal(await text(response), 'ok')
  t.match(seen, [
    { statusCode: 102 },
    { statusCode: 103, headers: { link: hints[0] } },
    { statusCode: 103, headers: { link: hints[1], te: undefined } },
    { statusCode: 199, headers: { 'x-progress': '50%' } },
  ])
  const answer = await askHttp2(secure)
  t.match(answer.informational, [
    { ':status': 102 },
    { ':status': 103, link: hints[0] },
    { ':status': 103, link: hints[1] },
    { ':status': 199, 'x-progress': '50%' },
  ])
  t.match(answer, { headers: { ':status': 200 }, body: 'ok' })
  t.match(
    await say(lb.port, 'GET / HTTP/1.0\r\nHost: x\r\n\r\n'),
    /^HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\nok$/,
    'none for HTTP/1.0, which does not know them',
  )
  t.equal(backend.connections(), 1, 'an unexpected 100 Continue closes no connection')
})

await t.test('sends one 100 Continue to a client that expects it, and forwards its body', async (t) => {
  const backend = await raw(t, (socket) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const { lb } = await both(t, backend.address)
  const head =
    'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n'
  const answer = await say(lb.port, head, (write) => write('abc'))
  t.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
})

await t.test('responds with 502 to a 101 for a request without an upgrade', async (t) => {
  const backend = await raw(t, (socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
  })
  const { lb, secure } = await both(t, backend.address)
  t.equal((await lb.get()).status, 502)
  t.match((await askHttp2(secure)).headers, { ':status': 502 })
})

await t.test('passes headers on unchanged', async (t) => {
  const cookies = ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT']
  const headers = [
    ...cookies.map((cookie) => `Set-Cookie: ${cookie}`),
    ...['X-Latin: caf\xe9', 'X-Empty:', 'Date: Wed, 21 Oct 2020 07:28:00 GMT', 'Server: s', 'Via: 1.1 other'],
    // Two frameworks that both set it: a second one is no reason to fail.
    ...['X-Content-Type-Options: nosniff', 'X-Content-Type-Options: nosniff'],
    ...['Vary: a', 'Vary: b'],
  ]
  let seen = ''
  const backend = await raw(t, (socket, head) => {
    seen = head
    socket.write(`HTTP/1.1 200 OK\r\n${headers.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, 'latin1')
  })
  const { lb, secure } = await both(t, backend.address)
  const request = requestHttp({ port: lb.port, headers: { 'x-latin': 'caf\xe9', 'x-empty': '' } }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  const expected = {
    'set-cookie': cookies,
    'x-latin': 'caf\xe9',
    'x-empty': '',
    date: 'Wed, 21 Oct 2020 07:28:00 GMT',
    server: 's',
    via: '1.1 other',
  }
  t.match(response.headers, { ...expected, vary: 'a, b', 'x-content-type-options': 'nosniff, nosniff' })
  t.match(seen, /\r\nx-latin: caf\xe9\r\n/)
  t.match(seen, /\r\nx-empty: ?\r\n/)
  const answer = await askHttp2(secure, { 'x-latin': 'caf\xe9', 'x-empty': '' })
  t.match(answer.headers, { ':status': 200, ...expected, vary: 'a, b' })
  t.match(seen, /\r\nx-latin: caf\xe9\r\n/)
})

await t.test('limits response headers by limits.responseHeaderBytes only', async (t) => {
  const backend = await raw(t, (socket, head) => {
    const [, count = '0', bytes = '0'] = /\/(\d+)\/(\d+)/.exec(head) ?? []
    const headers = Array.from(
      { length: Number(count) },
      (_, nth) => `X-${nth}: ${'x'.repeat(Number(bytes))}\r\n`,
    )
    socket.write(`HTTP/1.1 200 OK\r\n${headers.join('')}Content-Length: 0\r\n\r\n`)
  })
  const { lb, secure } = await both(t, backend.address)
  for (const path of ['/1/20000', '/60/1000', '/3000/1']) {
    const request = requestHttp({ port: lb.port, path, maxHeaderSize: 2 ** 20 })
    request.maxHeadersCount = 0
    const [response] = (await once(request.end(), 'response')) as [IncomingMessage]
    response.resume()
    t.equal(response.statusCode, 200, path)
    t.equal(
      Object.keys(response.headers).filter((name) => name.startsWith('x-')).length,
      Number(path.split('/')[1]),
    )
    const { headers } = await askHttp2(secure, { ':path': path })
    t.equal(headers[':status'], 200, `${path} over HTTP/2`)
    t.equal(Object.keys(headers).filter((name) => name.startsWith('x-')).length, Number(path.split('/')[1]))
  }
  t.equal((await lb.get('/1/70000')).status, 502)
  const reason = 'the headers of the response are longer than limits.responseHeaderBytes'
  await until('the log names the limit', () => lb.output().includes(reason))
  const wide = await both(t, backend.address, { limits: { responseHeaderBytes: 200_000 } })
  const { headers } = await askHttp2(wide.secure, { ':path': '/150/1000' })
  t.equal(headers[':status'], 200, 'more than Node sends over HTTP/2 by default')
})

await t.test('does not limit the number of request headers', async (t) => {
  let seen = ''
  const backend = await raw(t, (socket, head) => {
    seen = head
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  const { lb, secure } = await both(t, backend.address)
  const many = Array.from({ length: 1500 }, (_, nth) => [`x${nth}`, '1'] as const)
  const lines = Array.from({ length: 2500 }, () => 'a:\r\n').join('')
  await say(lb.port, `GET / HTTP/1.1\r\nHost: x\r\n${lines}X-Last: 1\r\nConnection: close\r\n\r\n`)
  t.match(seen, /\r\nx-last: 1/)
  const { headers } = await askHttp2(secure, Object.fromEntries([...many, ['x-last', '2']]))
  t.equal(headers[':status'], 200)
  t.match(seen, /\r\nx-last: 2/)
})

await t.test('passes on a response that arrives before the request is complete', async (t) => {
  const backend = await raw(t, (socket) => {
    socket.end('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig')
  })
  const { lb, secure } = await both(t, backend.address)
  const head =
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n'
  t.match(await say(lb.port, head, () => undefined), /^HTTP\/1\.1 413 [^]*big$/)
  const { headers, body } = await askHttp2(secure, { ':method': 'POST' }, 'x'.repeat(200_000))
  t.match({ status: headers[':status'], body }, { status: 413, body: 'big' })
})

await t.test('passes on the protocol that a backend requires (426)', async (t) => {
  const head =
    'HTTP/1.1 426 Upgrade Required\r\nUpgrade: foo\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n'
  const backend = await raw(t, (socket) => void socket.write(head))
  const { lb, secure } = await both(t, backend.address)
  const answer = await say(lb.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  t.match(answer, /^HTTP\/1\.1 426 [^]*\r\nupgrade: foo\r\nconnection: upgrade, close\r\n/)
  t.match((await askHttp2(secure)).headers, { ':status': 426 })
})

await t.test('ignores an upgrade request to an HTTP/2 backend', async (t) => {
  const server = createHttp2((_request, response) => void response.writeHead(400).end('no')).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { lb } = await both(t, `127.0.0.1:${portOf(server)}`, { pool: { protocol: 'h2c' } })
  const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  t.match(await say(lb.port, upgrade), /^HTTP\/1\.1 400 [^]*no/)
})
