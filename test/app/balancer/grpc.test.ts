import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { backend, inFlight, portOf, until } from '../../lib/balancer.ts'
import { certify } from '../../lib/certify.ts'
import { freePort } from '../../lib/ports.ts'
import { logged } from '../../lib/raw-http.ts'
import { balanced, call, type Echo, type GrpcBackend, grpcBackend, grpcClient } from './grpc.ts'

/** Every kind of call, over one client. */
async function everyKind(t: Test, client: Echo, { seen }: GrpcBackend, name: string): Promise<void> {
  const metadata = new Metadata()
  metadata.set('x-text', 'y')
  metadata.set('x-bytes-bin', Buffer.of(0, 255, 128))
  const unary = await call(client, 'hello', { metadata })
  t.equal(unary.text, `${name}: hello`)
  t.same(unary.trailers?.get('sum'), ['5'])
  t.same(seen.metadata.at(-1)?.get('x-text'), ['y'])
  t.same(seen.metadata.at(-1)?.get('x-bytes-bin'), [Buffer.of(0, 255, 128)])

  const { error, trailers } = await call(client, 'fail')
  t.match(error, { code: status.FAILED_PRECONDITION, details: 'as you asked: ü' })
  t.same(trailers?.get('sum'), ['4'])

  let bytes = 0
  for await (const { text } of client.download({ text: '100' })) bytes += (text as string).length
  t.equal(bytes, 100 * 16_384, 'a stream of the server')

  const total = new Promise<unknown>((resolve) => {
    const upload = client.upload((error, value) => resolve(error ?? value?.text))
    for (let nth = 0; nth < 50; nth += 1) upload.write({ text: 'x'.repeat(10_000) })
    upload.end()
  })
  t.equal(await total, '500000', 'a stream of the client')

  const chat = client.chat()
  for (const text of ['one', 'two', 'three']) {
    chat.write({ text })
    const [{ text: response }] = (await once(chat, 'data')) as [{ text: string }]
    t.equal(response, `${name}: ${text}`, 'each message is answered before the next one')
  }
  chat.end()
  const [ended] = (await once(chat.resume(), 'status')) as [{ code: number }]
  t.equal(ended.code, status.OK)
}

await t.test('gRPC over h2c: all kinds of calls, errors and trailers', async (t) => {
  const a = await grpcBackend(t, 'a')
  const { lb, client } = await balanced(t, [a.address])
  await everyKind(t, client, a, 'a')
  const refused = client.chat()
  refused.write({ text: 'refuse' })
  const [error] = (await once(refused.resume(), 'error')) as [ServiceError]
  t.match(error, { code: status.RESOURCE_EXHAUSTED, details: 'enough' }, 'while the client is still sending')
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
  t.same(logged(lb, 'response broken off'), [])
})

await t.test('gRPC without TLS, on an h2c listener', async (t) => {
  const a = await grpcBackend(t, 'a')
  const port = await freePort()
  await balanced(t, [a.address], { listeners: [{ port, protocol: 'h2c' }] })
  await everyKind(t, grpcClient(t, port, credentials.createInsecure()), a, 'a')
})

await t.test('gRPC over TLS verifies the certificate', async (t) => {
  const own = certify(t, 'grpc.internal')
  const a = await grpcBackend(t, 'a', { tls: own })
  const env = { NODE_EXTRA_CA_CERTS: join(t.testdirName, 'crt') }
  const trusted = await balanced(t, [a.address], {
    pool: { protocol: 'h2', serverName: 'grpc.internal' },
    env,
  })
  await everyKind(t, trusted.client, a, 'a')
  const other = await balanced(t, [a.address], {
    pool: { protocol: 'h2', serverName: 'other.internal' },
    env,
  })
  t.match((await call(other.client, 'hello')).error, { code: status.UNAVAILABLE })
  await until('the log names the reason', () => other.lb.output().includes('ERR_TLS_CERT_ALTNAME_INVALID'))
})

await t.test('passes cancellation and deadlines on to the backend', async (t) => {
  const a = await grpcBackend(t, 'a')
  const { lb, client } = await balanced(t, [a.address])
  // On a busy host, a call may not even reach the backend in that time.
  await until('the backend notices a deadline', async () => {
    const { error } = await call(client, 'wait', { deadline: Date.now() + 300 })
    t.match(error, { code: status.DEADLINE_EXCEEDED })
    return a.seen.cancelled > 0
  })
  const before = a.seen.cancelled
  const download = client.download({ text: 'endless' })
  await once(download, 'data')
  download.cancel()
  const [error] = (await once(download, 'error')) as [ServiceError]
  t.equal(error.code, status.CANCELLED)
  await until('the backend notices that', () => a.seen.cancelled > before)
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
  await until('the log tells it', () => logged(lb).some(({ outcome }) => outcome === 'client closed'))
})

/** Whether the frames of a client, after its preface, have one of type HEADERS. */
function hasRequest(received: Buffer): boolean {
  for (let at = 24; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3))
    if (received[at + 3] === 1) return true
  return false
}

await t.test("resets the client's stream if the backend resets its own", async (t) => {
  // SETTINGS, and the acknowledgement of the client's; HEADERS with status 200, DATA, RST_STREAM.
  const settings = Buffer.from('000000040000000000000000040100000000', 'hex')
  const response = Buffer.from('000001010400000001880000020000000000017878', 'hex')
  const reset = Buffer.from('0000040300000000010000000b', 'hex')
  const server = createServer((socket) => {
    let received = Buffer.alloc(0)
    socket
      .on('error', () => undefined)
      .on('data', (data: Buffer) => {
        received = Buffer.concat([received, data])
        if (hasRequest(received)) socket.write(Buffer.concat([response, reset]))
      })
    socket.write(settings)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { lb, client } = await balanced(t, [`127.0.0.1:${portOf(server)}`])
  t.match((await call(client, 'hello')).error, { code: status.RESOURCE_EXHAUSTED }, 'ENHANCE_YOUR_CALM')
  await until('it is logged', () => logged(lb).length === 1)
  t.match(logged(lb), [{ outcome: 'broken off', reason: /ENHANCE_YOUR_CALM/ }])
  t.match((await lb.overview()).pools[0]?.backends[0], { requests: 1, brokenOff: 1, errorRate: 1 })
})

await t.test('loses no call when a backend shuts down gracefully', async (t) => {
  const a = await grpcBackend(t, 'a')
  const b = await grpcBackend(t, 'b')
  const { client, lb } = await balanced(t, [a.address, b.address], { pool: { retries: 2 } })
  let calls = 0
  const over = new AbortController()
  const caller = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { error } = await call(client, 'hello')
      t.equal(error, null)
      calls += 1
    }
  }
  const callers = Array.from({ length: 8 }, caller)
  const open = client.chat()
  open.write({ text: 'hi' })
  const [{ text }] = (await once(open, 'data')) as [{ text: string }]
  const [busy, name] = text.startsWith('a') ? [a, 'a'] : [b, 'b']
  await until('there is some traffic', () => calls > 50)
  const stopped = new Promise((resolve) => busy.server.tryShutdown(resolve))
  const before = calls
  await until('there is more', () => calls > before + 50)
  open.write({ text: 'still there?' })
  const [last] = (await once(open, 'data')) as [{ text: string }]
  t.equal(last.text, `${name}: still there?`, 'an open stream continues')
  open.end()
  await once(open.resume(), 'status')
  await stopped
  over.abort()
  await Promise.all(callers)
  const [again] = [await grpcBackend(t, name, { port: busy.port })]
  await until('it takes calls again', async () => {
    const { error } = await call(client, 'hello')
    t.equal(error, null)
    return again.seen.metadata.length > 0
  })
  t.same(
    logged(lb).filter((line) => line['outcome'] !== 'complete' || line['status'] !== 200),
    [],
  )
})

await t.test('names the protocol of the pool as the reason if it is wrong', async (t) => {
  const a = await grpcBackend(t, 'a')
  const first = await balanced(t, [a.address], { pool: { protocol: 'http' } })
  t.match((await call(first.client, 'hello')).error, { code: status.UNAVAILABLE })
  await until('the log has the reason', () =>
    /speaks HTTP\/2, the protocol of its pool/.test(first.lb.output()),
  )
  const web = await backend(t)
  const second = await balanced(t, [web.address])
  t.match((await call(second.client, 'hello')).error, { code: status.UNAVAILABLE })
  await until('the log has this one, too', () => /backend does not speak HTTP\/2/.test(second.lb.output()))
})
