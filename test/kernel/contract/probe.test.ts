import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { ask, askAt } from '../../../kernel/contract/probe.ts'
import { certify } from '../../lib/certify.ts'
import { freePort } from '../../lib/ports.ts'

async function listen(t: Test, server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const respond: RequestListener = (request, response) => {
  response.statusCode = request.url === '/healthz' ? 200 : 503
  response.end()
}

await t.test('the status of a response', async (t) => {
  const port = await listen(t, createHttpServer(respond))
  t.equal(await ask({ port, path: '/healthz', secure: false }), 200)
  t.equal(await ask({ port, path: '/other', secure: false }), 503)
})

await t.test('an app that listens on IPv6 only', async (t) => {
  const port = await listen(t, createHttpServer(respond), '::1')
  t.equal(await ask({ port, path: '/healthz', secure: false }), 200)
})

await t.test('an app that listens on one address of the machine', async (t) => {
  const port = await listen(t, createHttpServer(respond), '127.0.0.2')
  t.equal(await ask({ port, path: '/healthz', secure: false }), 'refused')
  t.equal(await ask({ port, path: '/healthz', secure: false }, '127.0.0.2'), 200)
})

await t.test('nothing listens', async (t) => {
  t.equal(await ask({ port: await freePort(), path: '/', secure: false }), 'refused')
})

await t.test('a server that accepts and never responds', async (t) => {
  const port = await listen(
    t,
    createServer((socket) => socket.on('error', () => {})),
  )
  const question = { port, path: '/', secure: false }
  t.equal(await askAt('127.0.0.1', question, { timeoutMs: 50, ref: true }), 'timed out')
})

await t.test('a response that is not HTTP', async (t) => {
  const hangsUp = await listen(
    t,
    createServer((socket) => socket.on('error', () => {}).end()),
  )
  t.equal(await ask({ port: hangsUp, path: '/', secure: false }), 'closed')
  const talks = await listen(
    t,
    createServer((socket) => socket.on('error', () => {}).end('220 mail.example ESMTP\r\n')),
  )
  t.equal(await ask({ port: talks, path: '/', secure: false }), 'not HTTP')
})

await t.test('a response in pieces', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('HTTP/1')
    setTimeout(() => socket.end('.1 200 OK\r\n\r\n'), 20)
  })
  t.equal(await ask({ port: await listen(t, server), path: '/', secure: false }), 200)
})

await t.test('TLS with a self-signed certificate', async (t) => {
  const { certificate, key } = certify(t, 'x')
  const port = await listen(t, createHttpsServer({ key, cert: certificate }, respond))
  t.equal(await ask({ port, path: '/healthz', secure: false }), 'closed')
  t.equal(await ask({ port, path: '/healthz', secure: true }), 200)
})
