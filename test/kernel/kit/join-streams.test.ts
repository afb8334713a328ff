import t from 'tap'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { joinStreams } from '../../../kernel/kit/join-streams.ts'

/** The two ends of a connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  for (const socket of [near, far]) socket.on('error', () => socket.destroy())
  return [near, far]
}

/** A client and a backend, joined in the middle. */
async function joined(): Promise<{ client: Socket; backend: Socket; over: Promise<void> }> {
  const [[client, one], [other, backend]] = await Promise.all([pair(), pair()])
  const { promise: over, resolve } = Promise.withResolvers<void>()
  joinStreams(one, other, 60_000, resolve)
  return { client, backend, over }
}

await t.test('a side that has said all still hears the other', async (t) => {
  const { client, backend, over } = await joined()
  client.end('question')
  t.equal((await buffer(backend)).toString(), 'question')
  backend.end('answer')
  t.equal((await buffer(client)).toString(), 'answer')
  await over
})

await t.test('more than anyone keeps arrives whole, however slowly it is read', async (t) => {
  const { client, backend, over } = await joined()
  const sent = Buffer.alloc(1 << 24, 'x')
  backend.end(sent)
  client.end()
  await once(client, 'readable')
  await new Promise((resolve) => setImmediate(resolve))
  t.ok((await buffer(client)).equals(sent))
  backend.resume()
  await over
})

await t.test('a side that breaks takes the other with it', async (t) => {
  for (const broken of ['client', 'backend'] as const) {
    const { over, ...ends } = await joined()
    const left = broken === 'client' ? ends.backend : ends.client
    // It keeps its half open; whether it hears of an end or of an error is a matter of time.
    left.on('end', () => left.end()).resume()
    // `once` would take the error for the answer.
    const closed = new Promise((resolve) => left.once('close', resolve))
    ends[broken].resetAndDestroy()
    left.write('anyone there?')
    await closed
    await over
    t.ok(left.destroyed)
  }
})

await t.test('a side that broke before they were joined does, too', async (t) => {
  const [[client, one], [other, backend]] = await Promise.all([pair(), pair()])
  one.destroy()
  await once(one, 'close')
  const { promise: over, resolve } = Promise.withResolvers<void>()
  joinStreams(one, other, 60_000, resolve)
  backend.resume()
  client.destroy()
  await Promise.all([once(backend, 'end'), over])
  t.ok(other.destroyed)
  backend.destroy()
})
