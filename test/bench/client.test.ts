import t from 'tap'
import { createServer, type Server } from 'node:http'
import { keepAliveRequests, untilOk } from './client.ts'
import { freePort } from '../lib/ports.ts'

/** Listens on a free port of 127.0.0.1 until the test ends. */
async function listen(t: Pick<Tap, 'teardown'>, server: Server): Promise<string> {
  const port = await freePort()
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  t.teardown(() => server.close())
  return `http://127.0.0.1:${port}/`
}

type Tap = typeof t

await t.test('retries until the response is 200', async (t) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.statusCode = asked < 3 ? 503 : 200
    response.end()
  })
  await untilOk(await listen(t, server), { pauseMs: 1 })
  t.equal(asked, 3)
})

await t.test('reports the last error if no 200 arrives', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}/`
  await t.rejects(untilOk(url, { timeoutMs: 50, pauseMs: 1 }), /no 200 response within 0.05 s.*ECONNREFUSED/)
})

await t.test('retries if the server sends nothing', async (t) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    if (asked > 1) response.end()
  })
  await untilOk(await listen(t, server), { patienceMs: 50, pauseMs: 1 })
  t.ok(asked >= 2, 'on a busy host, a response may come too late, too')
})

await t.test('keeps one connection for all requests', async (t) => {
  let asked = 0
  let connections = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end('ok')
  }).on('connection', () => (connections += 1))
  await keepAliveRequests(await listen(t, server), 25)
  t.equal(asked, 25)
  t.equal(connections, 1)
})

await t.test('stops at the first response that is not a 200', async (t) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.statusCode = asked === 4 ? 500 : 200
    response.end()
  })
  await t.rejects(keepAliveRequests(await listen(t, server), 10), /status 500 after 3 requests/)
})

await t.test('waits for a response as long as it is told to', async (t) => {
  const silent = createServer()
  t.teardown(() => silent.closeAllConnections())
  await t.rejects(keepAliveRequests(await listen(t, silent), 1, { timeoutMs: 10 }), { message: 'timed out' })
})
