import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import {
  backend,
  balancer,
  inFlight,
  oneRoute,
  residentMegabytes,
  type TestBackend,
  until,
} from '../../lib/balancer.ts'
import { connectRaw, flood, floods } from './http2-floods.ts'
import { frames } from '../../lib/http2-frames.ts'
import { freePort } from '../../lib/ports.ts'

const a: TestBackend = await backend(t, ({ url }, response) => {
  if (url === '/') return response.end(a.address)
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
  }
  response.on('drain', more)
  return more()
})
const [port, { certificate, key }] = [await freePort(), certify(t, 'x')]
const plain = await freePort()
const lb = await balancer(
  t,
  {
    ...oneRoute([a]),
    timeouts: { request: 2, headers: 2, body: 2 },
    listeners: [
      { port: plain },
      { port, protocol: 'https', certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }] },
    ],
  },
  { CRT: certificate, KEY: key },
)

await t.test('accepts HTTP/2 that arrives byte by byte', async (t) => {
  const socket = await connectRaw(port)
  t.teardown(() => socket.destroy())
  let answer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => (answer = Buffer.concat([answer, data])))
  socket.write(Buffer.concat([frames.begin(), frames.ping(), frames.get(1), frames.get(3), frames.reset(3)]))
  await until('the answer is whole', () => answer.includes(a.address))
  t.ok(answer.includes(Buffer.from('000008060100000000', 'hex')), 'the ping was answered')
})

/** The status of an answer; of none where the server ends the connection. */
async function statusOf(headers: Record<string, string>, body = ''): Promise<number | undefined> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  session.on('error', () => undefined)
  const stream = session.request({ ':path': '/', ':authority': 'x', ...headers }).resume()
  const answered = new Promise<number | undefined>((resolve) => {
    stream.on('response', ({ ':status': status }) => resolve(status))
    stream.on('error', () => resolve(undefined))
  })
  if (body !== '') stream.end(body)
  const status = await answered
  session.destroy()
  return status
}

await t.test('rejects a Host that differs from :authority', async (t) => {
  t.equal(await statusOf({ host: 'other' }), 400)
  t.equal(await statusOf({ host: 'X' }), 200)
})

await t.test('enforces the declared length of a body, and treats its bytes as one request', async (t) => {
  const before = a.count
  const post = { ':method': 'POST' }
  const inner = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'
  t.equal(await statusOf({ ...post, 'content-length': '0' }, inner), undefined)
  t.equal(await statusOf({ ...post, 'content-length': '500' }, inner), undefined)
  t.equal(a.count, before)
  t.equal(await statusOf(post, inner), 200)
  t.equal(a.count, before + 1)
})

for (const [name, part] of floods) {
  for (const reads of [true, false]) {
    await t.test(
      `survives a flood of ${name}${reads ? '' : ', from a client that does not read'}`,
      async (t) => {
        const before = residentMegabytes(lb.process.pid)
        await flood(port, part, reads)
        const grown = residentMegabytes(lb.process.pid) - before
        t.ok(grown < 100, `${grown} MB`)
        t.equal(await lb.text(), a.address)
      },
    )
  }
}

await t.test('nothing is in flight after the floods', async () => {
  await until('nothing is', async () => (await inFlight(lb)) === 0)
})

await t.test('resets streams whose client reads nothing of the responses', async (t) => {
  const socket = await connectRaw(port)
  t.teardown(() => socket.destroy())
  const before = residentMegabytes(lb.process.pid)
  const { count } = a
  socket.resume().write(frames.begin(0))
  for (let id = 1; id < 200; id += 2) socket.write(frames.get(id, '/endless'))
  await until('all have arrived', () => a.count - count === 100)
  await until('none is', async () => (await inFlight(lb)) === 0)
  const grown = residentMegabytes(lb.process.pid) - before
  t.ok(grown < 100, `${grown} MB`)
})

await t.test('disconnects an HTTP/1.1 client that reads nothing of its response', async (t) => {
  const socket = connect(plain, '127.0.0.1').on('error', () => undefined)
  t.teardown(() => socket.destroy())
  const { count } = a
  socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
  await until('it has arrived', () => a.count - count === 1)
  await until('it is not', async () => (await inFlight(lb)) === 0)
})

await t.test('resets a stream whose body does not arrive', async (t) => {
  const socket = await connectRaw(port)
  t.teardown(() => socket.destroy())
  let answer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => (answer = Buffer.concat([answer, data])))
  socket.write(Buffer.concat([frames.begin(), frames.post(1)]))
  const resetOfOne = Buffer.from('000004030000000001', 'hex')
  await until('it is reset', () => answer.includes(resetOfOne))
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
})
