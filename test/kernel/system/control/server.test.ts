import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../../lib/until.ts'
import { longestLine } from '../../../../kernel/contract/control.ts'
import { type Method, Server } from '../../../../kernel/system/control/server.ts'

interface Line {
  id?: string | null
  chunk?: string
  result?: unknown
  error?: { message: string }
  hello?: string
  pid?: number
}

/** A server, and the lines that it has written. */
function serve(methods: Record<string, Method>): {
  server: Server
  said: Line[]
  say: (text: string) => void
} {
  const said: Line[] = []
  const server = new Server(methods, async (text) => {
    for (const line of text.split('\n').filter(Boolean)) said.push(JSON.parse(line) as Line)
  })
  return { server, said, say: (text) => server.push(Buffer.from(text)) }
}

const request = (id: string, method: string, params?: object): string =>
  `${JSON.stringify({ id, method, params })}\n`

await t.test('an empty line is answered with who is there', async (t) => {
  const { say, said } = serve({})
  say('\n')
  await wait(0)
  t.strictSame(said, [{ hello: 'nodeos.control', pid: process.pid, started: performance.timeOrigin }])
})

await t.test('calls run side by side; each answer has the id of its request', async (t) => {
  const { say, said } = serve({ after: async ({ ms }) => (await wait(ms as number), ms) })
  say(request('slow', 'after', { ms: 60 }) + request('fast', 'after', { ms: 10 }))
  await until('both are answered', () => said.length === 2)
  t.strictSame(said, [
    { id: 'fast', result: 10 },
    { id: 'slow', result: 60 },
  ])
})

await t.test('garbage is refused, and what comes after it is answered', async (t) => {
  const { say, said } = serve({ ping: () => 'pong' })
  for (const line of [
    '{',
    'null',
    '[1]',
    '"x"',
    '{"id":1,"method":"ping"}',
    '\u0000\u0001',
    '{"id":"a","method":"ping","params":3}',
  ]) {
    say(`${line}\n`)
  }
  say(request('a', 'ping'))
  await wait(0)
  t.equal(said.length, 8)
  t.ok(
    said.slice(0, 7).every(({ id, error }) => id === null && error?.message?.startsWith('invalid request: ')),
  )
  t.strictSame(said[7], { id: 'a', result: 'pong' })
})

await t.test('a line without end takes no memory, and is refused', async (t) => {
  const { say, said } = serve({ ping: () => 'pong' })
  for (let sent = 0; sent <= longestLine; sent += 65_536) say('x'.repeat(65_536))
  say(`\n${request('a', 'ping')}`)
  await wait(0)
  t.match(said, [
    { id: null, error: { message: /longer than/ } },
    { id: 'a', result: 'pong' },
  ])
})

await t.test('a method that there is not; one that throws; names of Object are no methods', async (t) => {
  const { say, said } = serve({
    bad: () => {
      throw new Error('broken')
    },
  })
  for (const method of ['none', 'bad', 'toString', '__proto__']) say(request(method, method))
  await wait(0)
  t.match(said.find(({ id }) => id === 'none')?.error, { message: 'unknown method "none"; known: bad' })
  t.match(said.find(({ id }) => id === 'bad')?.error, { message: 'broken' })
  t.match(said.find(({ id }) => id === 'toString')?.error, { message: /unknown method/ })
  t.match(said.find(({ id }) => id === '__proto__')?.error, { message: /unknown method/ })
})

await t.test('a large result comes in parts, in order', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
  const { say, said } = serve({ file: async (_, send) => send(bytes) })
  say(request('a', 'file'))
  await until('it is whole', () => said.length === 6)
  t.strictSame(said.at(-1), { id: 'a', result: null })
  t.ok(Buffer.concat(said.slice(0, -1).map(({ chunk = '' }) => Buffer.from(chunk, 'base64'))).equals(bytes))
})

await t.test('nothing is sent to a host that has gone, nor to the one after it', async (t) => {
  let parts = 0
  const slow = Promise.withResolvers<void>()
  const { server, say, said } = serve({
    slow: () => slow.promise,
    stream: async (_, send) => {
      for (; parts < 100; parts++) await send(Buffer.from('x')).then(() => wait(5))
    },
  })
  say(request('a', 'slow') + request('b', 'stream') + '{"id":"half')
  await until('the stream has begun', () => parts > 0)
  server.hangUp()
  const before = parts
  say('\n')
  slow.resolve()
  await wait(60)
  t.notOk(said.some(({ id }) => id === 'a' || id === null))
  t.equal(said.at(-1)?.hello, 'nodeos.control')
  t.ok(parts <= before + 1, 'a stream ends with the one that it is for')
})
