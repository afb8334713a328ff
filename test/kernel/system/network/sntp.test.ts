import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import {
  decodeResponse,
  encodeQuery,
  querySntp,
  type Reading,
  startTimeSync,
} from '../../../../kernel/system/network/sntp.ts'
import { limitMs } from '../../../lib/until.ts'
import { seeded } from '../../fixtures/random.ts'

const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const day = Date.UTC(2026, 0, 1)

type Test = { teardown: (end: () => Promise<void>) => void }

interface Reply {
  first?: number
  stratum?: number
  origin?: Uint8Array
  receivedAt?: number
  sentAt?: number
  rootDispersion?: number
}

/** Encodes a time as seconds since 1900, modulo 2³², and a fraction (RFC 5905). */
function encodeTime(ms: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  const seconds = Math.floor(ms / 1e3)
  bytes.writeUInt32BE((seconds + 2_208_988_800) % 2 ** 32, 0)
  bytes.writeUInt32BE(Math.floor((ms / 1e3 - seconds) * 2 ** 32), 4)
  return bytes
}

function answerTo(question: Uint8Array, time: number, reply: Reply = {}): Buffer {
  const bytes = Buffer.alloc(48)
  bytes[0] = reply.first ?? 0x24
  bytes[1] = reply.stratum ?? 2
  bytes.writeUInt32BE(Math.round(((reply.rootDispersion ?? 1) / 1000) * 65_536), 8)
  bytes.set(reply.origin ?? question.subarray(40, 48), 24)
  bytes.set(encodeTime(reply.receivedAt ?? time), 32)
  bytes.set(encodeTime(reply.sentAt ?? time), 40)
  return bytes
}

await t.test('a question', async (t) => {
  const bytes = Buffer.from(encodeQuery(nonce))
  t.equal(bytes.length, 48)
  t.equal(bytes[0], 0x23, 'version 4, client')
  t.equal(bytes.toString('hex', 1), '00'.repeat(39) + '0102030405060708', 'tells nothing of this machine')
})

await t.test('an answer', async (t) => {
  const question = encodeQuery(nonce)
  const read = (reply: Reply = {}, time = day) => decodeResponse(answerTo(question, time, reply), nonce, day)
  t.match(read(), { stratum: 2 })
  t.ok(Math.abs((read()?.sentAt ?? 0) - day) < 0.001)
  const in2040 = Date.UTC(2040, 0, 1)
  t.ok(Math.abs((read({}, in2040)?.sentAt ?? 0) - in2040) < 0.001, 'after 2036, when the seconds start over')

  t.equal(read({ stratum: 0 }), undefined, "kiss o'death")
  t.equal(read({ stratum: 16 }), undefined, 'no source')
  t.equal(read({ first: 0xe4 }), undefined, 'clock not synchronised')
  t.equal(read({ first: 0x23 }), undefined, 'a client, not a server')
  t.equal(read({ first: 0x25 }), undefined, 'a broadcast')
  t.equal(read({ origin: new Uint8Array(8) }), undefined, 'an answer to something else')
  t.equal(read({ rootDispersion: 5000 }), undefined, 'far from any clock')
  t.equal(read({ receivedAt: day, sentAt: day - 1000 }), undefined, 'answered before it was asked')
  const unset = answerTo(question, day)
  unset.fill(0, 40)
  t.equal(decodeResponse(unset, nonce, day), undefined, 'no time')
  t.equal(decodeResponse(new Uint8Array(47), nonce, day), undefined)
})

await t.test('no bytes make it throw', async (t) => {
  const random = seeded(4330)
  let understood = 0
  for (let round = 0; round < 20_000; round++) {
    const bytes = answerTo(encodeQuery(nonce), day).subarray(0, random() < 0.1 ? random() * 48 : 48)
    for (let change = 0; change < 3; change++) bytes[Math.floor(random() * 48)] = Math.floor(random() * 256)
    const answer = decodeResponse(bytes, nonce, day)
    if (answer !== undefined) understood++
    if (answer !== undefined && !Number.isFinite(answer.sentAt)) t.fail('an invalid time')
  }
  t.ok(understood > 100)
})

/** A time server on loopback that is `ahead` milliseconds. */
async function timeServer(t: Test, reply: (question: Buffer) => Buffer[]): Promise<number> {
  const server: Socket = createSocket('udp4')
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('message', (question, from) => {
    for (const bytes of reply(question)) server.send(bytes, from.port, from.address)
  })
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return server.address().port
}

const options = { wall: Date.now, now: () => performance.now(), nonce: () => nonce }

await t.test('asks a server', async (t) => {
  const port = await timeServer(t, (question) => [
    answerTo(question, Date.now() - 99_000, { stratum: 0 }),
    answerTo(question, Date.now() - 99_000, { origin: new Uint8Array(8) }),
    answerTo(question, Date.now() + 5000),
  ])
  const { offset, delay, stratum } = await querySntp('127.0.0.1', { ...options, timeout: limitMs, port })
  t.ok(delay >= 0)
  // A delay in one direction makes half of it an error.
  t.ok(Math.abs(offset - 5000) <= delay / 2 + 2, `${offset}: the usable one of three answers`)
  t.equal(stratum, 2)
})

await t.test('a server that says nothing usable', async (t) => {
  const port = await timeServer(t, (question) => [answerTo(question, Date.now(), { first: 0xe4 })])
  const keepAlive = setTimeout(() => {}, 5000)
  await t.rejects(
    querySntp('127.0.0.1', { ...options, timeout: 100, port }),
    /no valid response within 100 ms/,
  )
  clearTimeout(keepAlive)
})

await t.test('an unknown name', async (t) => {
  await t.rejects(querySntp('time.invalid', { ...options, timeout: 5000 }))
})

const settle = () => new Promise((resolve) => setImmediate(resolve))

await t.test('keeping time', async (t) => {
  const events: [string, unknown][] = []
  const calls: string[] = []
  const timers: { ms: number; callback: () => void; cancelled: boolean }[] = []
  let reading: Reading | Error = { offset: 800, delay: 1, stratum: 2 }
  const { stop, syncNow } = startTimeSync({
    servers: () => ['first.example', 'second.example'],
    async query(server) {
      if (server === 'first.example') throw new Error('unreachable')
      if (reading instanceof Error) throw reading
      return reading
    },
    native: {
      clockSet: (ms) => calls.push(`set ${ms}`),
      clockAdjust: (ms) => calls.push(`adjust ${ms}`),
    },
    clock: {
      now: () => 0,
      timer(ms, callback) {
        const timer = { ms, callback, cancelled: false }
        timers.push(timer)
        return () => void (timer.cancelled = true)
      },
    },
    wall: () => 1000,
    emit: (_, event, details) => events.push([event, details]),
  })
  const round = async () => {
    timers.at(-1)?.callback()
    await settle()
  }
  await settle()
  t.strictSame(calls, ['set 1800'], 'far off: it jumps')
  t.strictSame(events, [
    ['time.synchronised', { server: 'second.example', stratum: 2, offset_ms: 800, jump: true }],
  ])
  t.equal(timers.at(-1)?.ms, 3_600_000)

  reading = { offset: -20, delay: 1, stratum: 2 }
  await round()
  t.strictSame(calls.slice(1), ['adjust -20'], 'near: it drifts')
  t.equal(events.length, 1, 'and no event')

  reading = new Error('gone')
  await round()
  await round()
  await round()
  t.strictSame(events.slice(1), [
    ['time.unknown', { reasons: ['first.example: unreachable', 'second.example: gone'] }],
  ])
  t.strictSame(
    timers.slice(-3).map(({ ms }) => ms),
    [16_000, 32_000, 64_000],
  )

  reading = { offset: 5, delay: 1, stratum: 2 }
  await round()
  t.match(events.at(-1), ['time.synchronised', { jump: false }], 'told again after a failure')
  reading = { offset: 900, delay: 1, stratum: 2 }
  const hourly = timers.at(-1)
  syncNow()
  syncNow()
  t.equal(hourly?.cancelled, true)
  await settle()
  t.match(events.at(-1), ['time.synchronised', { jump: true }], 'at once')
  t.equal(timers.at(-1)?.ms, 0, 'and again after the query that was under way')
  stop()
  t.equal(timers.at(-1)?.cancelled, true)
})
