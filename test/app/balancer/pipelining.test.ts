import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { backend, balancer, inFlight, oneRoute, residentMegabytes, say, until } from '../../lib/balancer.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`

await t.test('responds to pipelined requests in order', async (t) => {
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

await t.test('releases everything when a client with pipelined requests disconnects', async (t) => {
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

await t.test('closes a connection that floods pipelined requests, and keeps running', async (t) => {
  const mute = await backend(t, () => undefined)
  const lb = await balancer(t, oneRoute([mute]))
  const before = residentMegabytes(lb.process.pid)
  t.equal(await say(lb.port, get('/').repeat(200_000)), '')
  t.ok(residentMegabytes(lb.process.pid) - before < 100)
  t.ok(mute.count <= 1)
  t.equal(await lb.text('/healthz'), 'OK\n')
})
