import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { backend, balancer, inFlight, oneRoute, residentMegabytes, say, until } from '../../lib/balancer.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`

await t.test('requests that are sent without waiting are answered one after the other', async (t) => {
  let [now, most] = [0, 0]
  const a = await backend(t, ({ url }, response) => {
    most = Math.max(most, ++now)
    setTimeout(() => {
      now -= 1
      response.end(url)
    }, 20)
  })
  const lb = await balancer(t, oneRoute([a]))
  const answer = await say(
    lb.port,
    get('/1') + get('/healthz') + get('/2') + get('/3', 'Connection: close\r\n'),
  )
  t.same(answer.match(/^(\/\d|OK)/gm), ['/1', 'OK', '/2', '/3'])
  t.equal(most, 1, 'one client has one request in flight')
})

await t.test('a client that sent many and goes away leaves nothing behind', async (t) => {
  const endless = await backend(t, (_request, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(100_000)), 5)
    response.on('close', () => clearInterval(timer))
  })
  const lb = await balancer(t, oneRoute([endless]))
  const client = connect(lb.port, '127.0.0.1').on('error', () => undefined)
  client.write(get('/').repeat(20))
  await once(client, 'data')
  client.destroy()
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
})

await t.test('a flood of requests on one connection ends the connection, not the balancer', async (t) => {
  const mute = await backend(t, () => undefined)
  const lb = await balancer(t, oneRoute([mute]))
  const before = residentMegabytes(lb.process.pid)
  t.equal(await say(lb.port, get('/').repeat(200_000)), '')
  t.ok(residentMegabytes(lb.process.pid) - before < 100)
  t.ok(mute.count <= 1)
  t.equal(await lb.text('/healthz'), 'OK\n')
})
