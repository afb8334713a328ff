import { createServer as createHttp, type IncomingMessage, request as requestHttp } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { portOf, say, until } from '../../lib/balancer.ts'
import { askHttp2, both, logged, raw } from '../../lib/raw-http.ts'

await t.test('passes trailers to clients of both protocols', async (t) => {
  const backend = await raw(t, (socket) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n'
    socket.write(`${head}2\r\nok\r\n0\r\nX-Sum: abc\r\nHost: other\r\n\r\n`)
  })
  const { lb, secure } = await both(t, backend.address)
  const request = requestHttp({ port: lb.port, headers: { te: 'trailers' } }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  t.equal(await text(response), 'ok')
  t.equal(response.headers.trailer, 'X-Sum')
  t.same(response.trailers, { 'x-sum': 'abc' }, 'but none that would change the message')
  const answer = await askHttp2(secure, { te: 'trailers' })
  t.match(answer, { body: 'ok', trailers: { 'x-sum': 'abc' }, rstCode: 0 })
  t.notOk('host' in answer.trailers)
  const head = requestHttp({ port: lb.port, method: 'HEAD' }).end()
  const [headers] = (await once(head, 'response')) as [IncomingMessage]
  t.equal(headers.resume().statusCode, 200, 'names of trailers where there is no body')
})

/** A request of HTTP/1.1 with a trailer. */
const posted = [
  ...['POST / HTTP/1.1', 'Host: x', 'TE: trailers', 'Trailer: X-Sum', 'Transfer-Encoding: chunked'],
  ...['Connection: close', '', '5', 'hello', '0', 'X-Sum: abc', '', ''],
].join('\r\n')

await t.test('passes announced trailers of a request to an HTTP/1.1 backend', async (t) => {
  const server = createHttp((request, response) => {
    response.writeProcessing()
    response.writeHead(200, { trailer: 'x-seen' })
    const end = (body: string): void => {
      response.addTrailers({ 'x-seen': String(request.trailers['x-sum']) })
      response.end(`${body} ${String(request.headers.trailer)} ${String(request.headers.te)}`)
    }
    text(request).then(end, (error: Error) => response.destroy(error))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { lb, secure } = await both(t, `127.0.0.1:${portOf(server)}`)
  for (let nth = 0; nth < 2; nth += 1) {
    const answer = await say(lb.port, posted)
    t.match(
      answer,
      /^HTTP\/1\.1 102 [^]*HTTP\/1\.1 200 [^]*hello X-Sum trailers\r\n0\r\nx-seen: abc\r\n\r\n$/,
    )
  }
  const announced = { ':method': 'POST', te: 'trailers', trailer: 'x-sum' }
  const answer = await askHttp2(secure, announced, 'hello', { 'x-sum': 'def' })
  t.match(answer, { body: 'hello x-sum trailers', trailers: { 'x-seen': 'def' }, rstCode: 0 })
})

await t.test('an HTTP/2 backend serves HTTP/1.1 clients in the same way', async (t) => {
  const server = createHttp2((request, response) => {
    const { stream } = response
    if (request.url === '/304') return void response.writeHead(304, { 'content-length': '10' }).end()
    if (request.url === '/break') return void response.write('x', () => stream.session?.destroy())
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' })
    const end = (body: string): void => {
      response.addTrailers({ 'x-seen': String(request.trailers['x-sum']) })
      response.end(`${body} ${request.authority} ${String(request.headers.te)}`)
    }
    return void text(request).then(end, (error: Error) => response.destroy(error))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { lb, secure } = await both(t, `127.0.0.1:${portOf(server)}`, { pool: { protocol: 'h2c' } })
  t.match(
    await say(lb.port, posted),
    /^HTTP\/1\.1 103 [^]*link: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 [^]*hello x trailers\r\n0\r\nx-seen: abc\r\n\r\n$/,
  )
  const answer = await askHttp2(secure, { ':method': 'POST', te: 'trailers' }, 'hello', { 'x-sum': 'def' })
  t.match(answer, { body: 'hello x trailers', trailers: { 'x-seen': 'def' }, rstCode: 0 })
  t.equal((await lb.get('/304')).status, 304)
  t.match(await askHttp2(secure, { ':path': '/304' }), { headers: { 'content-length': '10' }, rstCode: 0 })
  t.equal(
    await lb.text('/', { method: 'PUT', body: 'x'.repeat(300_000) }).then((whole) => whole.length > 300_000),
    true,
  )
  await t.rejects(lb.text('/break'))
  t.not((await askHttp2(secure, { ':path': '/break' })).rstCode, 0)
  await until('it is logged', () => logged(lb).filter(({ outcome }) => outcome === 'broken off').length === 2)
})
