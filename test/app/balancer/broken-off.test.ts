import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { inFlight, until } from '../../lib/balancer.ts'
import { askHttp2, both, logged, raw } from '../../lib/raw-http.ts'

const begun = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'

/** How a backend breaks a response, and what the log calls it. */
const ways: [name: string, respond: (socket: Socket) => void, reason: RegExp][] = [
  [
    'it closes the connection before Content-Length',
    (socket) => void socket.end(begun),
    /not as long|closed before/,
  ],
  [
    'it closes the connection in a chunked body',
    (socket) => void socket.end(chunked),
    /closed before|protocol/,
  ],
  [
    'it resets the connection',
    (socket) => void socket.write(begun, () => socket.resetAndDestroy()),
    /ECONNRESET|closed before/,
  ],
  ['its chunks are invalid', (socket) => void socket.write(`${chunked}xyz\r\n`), /HTTP\/1\.1 protocol/],
  [
    'it sends nothing more',
    (socket) => void socket.write(begun),
    /no more of the response within timeouts\.body/,
  ],
]

for (const [name, respond, reason] of ways) {
  await t.test(`breaks off the response: ${name}`, async (t) => {
    const backend = await raw(t, respond)
    const { lb, secure } = await both(t, backend.address, { timeouts: { body: 1 } })
    const request = requestHttp({ port: lb.port }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    t.equal(response.statusCode, 200)
    await t.rejects(text(response), 'the client of HTTP/1.1 notices')
    const { headers, rstCode } = await askHttp2(secure)
    t.equal(headers[':status'], 200)
    t.not(rstCode, 0, 'the client of HTTP/2, too')
    await until('both are logged', () => logged(lb).length === 2)
    for (const line of logged(lb))
      t.match(line, { status: 200, outcome: 'broken off', reason, backend: backend.address })
    t.match(logged(lb, 'response broken off'), [
      { level: 40, status: 200, reason: new RegExp(`^${backend.address}: `) },
      { level: 40 },
    ])
    t.match((await lb.overview()).pools[0]?.backends[0], {
      requests: 2,
      brokenOff: 2,
      errorRate: 1,
      inflight: 0,
    })
  })
}

await t.test('logs a complete response as complete', async (t) => {
  const backend = await raw(t, (socket) => void socket.write(`${begun}world`))
  const { lb, secure } = await both(t, backend.address)
  t.equal(await lb.text(), 'helloworld')
  t.match(await askHttp2(secure), { body: 'helloworld', rstCode: 0 })
  await until('both are logged', () => logged(lb).length === 2)
  for (const line of logged(lb)) t.match(line, { outcome: 'complete', bytes: 10 })
  t.match((await lb.overview()).pools[0]?.backends[0], { requests: 2, brokenOff: 0, errorRate: 0 })
})

await t.test('ejects a backend that repeatedly breaks off responses', async (t) => {
  const backend = await raw(t, (socket) => void socket.end(begun))
  const { lb } = await both(t, backend.address, { pool: { ejection: { failures: 3, seconds: 60 } } })
  for (let nth = 0; nth < 3; nth += 1) await lb.text().catch(() => undefined)
  await until('it is ejected', async () => (await lb.overview()).pools[0]?.backends[0]?.state === 'ejected')
})

function endless(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write('x'.repeat(65_536)));
  }
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
  socket.on('drain', more)
  more()
}

await t.test('distinguishes clients that disconnect or do not read', async (t) => {
  const backend = await raw(t, endless)
  const { lb } = await both(t, backend.address, { timeouts: { body: 1 } })
  const gone = requestHttp({ port: lb.port }).end()
  const [response] = (await once(gone, 'response')) as [IncomingMessage]
  response.on('error', () => undefined).destroy()
  await until('that is logged', () => logged(lb).length === 1)
  t.match(logged(lb), [{ status: 200, outcome: 'client closed' }])
  const idle = connect(lb.port, '127.0.0.1', () => idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
  t.teardown(() => idle.destroy())
  idle.on('error', () => undefined).pause()
  await until('that is logged, too', () => logged(lb).length === 2)
  t.match(logged(lb)[1], {
    status: 200,
    outcome: 'broken off',
    reason: 'the client read nothing within timeouts.body',
  })
  t.match((await lb.overview()).pools[0]?.backends[0], { brokenOff: 0, errorRate: 0 })
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
})
