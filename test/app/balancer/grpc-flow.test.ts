import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { inFlight, portOf, residentMegabytes, until } from '../../lib/balancer.ts'
import { askHttp2, logged } from '../../lib/raw-http.ts'
import { balanced, call, grpcBackend } from './grpc.ts'

await t.test("shares connections among calls, up to the backend's limit of streams", async (t) => {
  const sessions = new Set<unknown>()
  let [open, most] = [0, 0]
  const all = Promise.withResolvers<void>()
  const server = createHttp2({ settings: { maxConcurrentStreams: 10 } }).listen(0, '127.0.0.1')
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream) => {
    open += 1
    most = Math.max(most, open)
    stream.on('close', () => (open -= 1))
    stream.on('error', () => undefined)
    if (open === 40) all.resolve()
    void all.promise.then(() => stream.respond({ ':status': 200 }, { endStream: true }))
  })
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { lb, port } = await balanced(t, [`127.0.0.1:${portOf(server)}`], {
    pool: { connections: 40 },
    timeouts: { connect: 300 },
  })
  const answers = await Promise.all(Array.from({ length: 60 }, () => askHttp2(port)))
  t.ok(answers.every(({ headers }) => (headers[':status'] as unknown) === 200))
  t.ok(answers[0]?.endsWithHeaders, 'what ends with its headers at the backend does so here')
  t.equal(most, 40, 'the others have waited')
  t.ok(sessions.size >= 4 && sessions.size < 40, `${sessions.size} connections`)
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
  t.same(logged(lb, 'backend failed'), [])
})

await t.test('pauses the backend while the client does not read, with bounded memory', async (t) => {
  const a = await grpcBackend(t, 'a')
  const { lb, client } = await balanced(t, [a.address])
  const before = residentMegabytes(lb.process.pid)
  const slow = client.download({ text: '8000' })
  await once(slow, 'readable')
  // Others get through meanwhile.
  for (let nth = 0; nth < 200; nth += 1) t.equal((await call(client, 'hello')).error, null)
  const grown = residentMegabytes(lb.process.pid) - before
  t.ok(grown < 60, `${grown} MB of 128 MB`)
  let bytes = 0
  for await (const { text } of slow) bytes += (text as string).length
  t.equal(bytes, 8000 * 16_384)
})

await t.test('pauses the client while the backend does not read, with bounded memory', async (t) => {
  const [reads, total] = [Promise.withResolvers<void>(), 64 * 2 ** 20]
  const server = createHttp2().listen(0, '127.0.0.1')
  server.on('stream', (stream) => {
    let bytes = 0
    stream.on('error', () => undefined)
    void reads.promise.then(() => {
      stream.on('data', (data: Buffer) => (bytes += data.length))
      return stream.on('end', () => {
        stream.respond({ ':status': 200 })
        stream.end(String(bytes))
      })
    })
  })
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { lb, port } = await balanced(t, [`127.0.0.1:${portOf(server)}`])
  const before = residentMegabytes(lb.process.pid)
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':authority': 'x' })
  let sent = 0
  const more = (): void => {
    while (sent < total) {
      sent += 65_536
      if (!stream.write(Buffer.alloc(65_536))) return void stream.once('drain', more)
    }
    stream.end()
  }
  more()
  // It stalls when all windows are full.
  let last = -1
  await until('the client is held back', async () => {
    const stalled = sent === last
    last = sent
    return stalled && (await inFlight(lb)) === 1
  })
  t.ok(sent < total / 2, `${sent} bytes were taken`)
  const grown = residentMegabytes(lb.process.pid) - before
  t.ok(grown < 60, `${grown} MB`)
  reads.resolve()
  t.equal(await text(stream), String(total))
})
