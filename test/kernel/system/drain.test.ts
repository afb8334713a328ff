import { request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import { bundle, launcher, server } from '../fixtures/system.ts'

const folder = t.testdir()
const { run } = launcher(folder, await bundle(folder))

await t.test('SIGTERM: in flight is finished, kept-alive connections are not kept', async (t) => {
  const { child, port, event, line, ended } = await run(
    t,
    `import { createServer } from 'node:http'
        import { subscribe } from 'node:diagnostics_channel'
        createServer((request, response) => {
          if (request.url !== '/slow') return response.end('ok')
          console.log('asked')
          subscribe('nodeos.drain', () => setTimeout(() => response.end('done'), 50))
        }).listen(process.env.PORT)`,
  )
  await event('health.ok')
  const answer = get(port, '/slow')
  await line(/^asked$/)
  child.kill('SIGTERM')
  t.match(await event('app.draining'), { stage: 'shutdown', servers: 1 })
  t.strictSame(await answer, { status: 200, connection: 'close', body: 'done' })
  t.equal(await ended, 0)
})

await t.test('SIGTERM: an answer under way ends its connection too', async (t) => {
  const { child, port, event, line, ended } = await run(
    t,
    `import { createServer } from 'node:http'
        import { subscribe } from 'node:diagnostics_channel'
        createServer((request, response) => {
          response.write('begun ')
          console.log('begun')
          subscribe('nodeos.drain', () => setTimeout(() => response.end('done'), 50))
        }).listen(process.env.PORT)`,
  )
  await event('app.listening')
  const answer = get(port, '/')
  await line(/^begun$/)
  child.kill('SIGTERM')
  t.match(await answer, { body: 'begun done' })
  t.equal(await ended, 0)
})

await t.test(
  'SIGTERM: streams of HTTP/2 are finished, then their session ends; the app is told first',
  async (t) => {
    const { certificate, key } = certify(t, 'localhost')
    const { child, port, event, line, ended } = await run(
      t,
      `import { createSecureServer } from 'node:http2'
        import { subscribe } from 'node:diagnostics_channel'
        const pair = ${JSON.stringify({ cert: certificate, key, allowHTTP1: true })}
        createSecureServer(pair, (request, response) => {
          console.log('asked')
          subscribe('nodeos.drain', ({ deadlineMs }) => {
            setTimeout(() => response.end('done within ' + deadlineMs), 50)
          })
        }).listen(process.env.PORT)`,
    )
    await event('app.listening')
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    t.teardown(() => session.destroy())
    const stream = session.request({ ':path': '/' }).setEncoding('utf8')
    await line(/^asked$/)
    child.kill('SIGTERM')
    t.equal((await stream.toArray()).join(''), 'done within 299500')
    t.equal(await ended, 0)
  },
)

await t.test('SIGTERM: a connection that never ends is cut before PID 1 has to', async (t) => {
  const { child, port, event, ended } = await run(
    t,
    `import { createServer } from 'node:net'
        createServer((socket) => socket.on('error', () => {})).listen(process.env.PORT)`,
    { restart: { drainTimeout: 1 } },
  )
  await event('app.listening')
  const { connect } = await import('node:net')
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  child.kill('SIGTERM')
  t.match(await event('app.undrained'), { stage: 'shutdown' })
  t.equal(await ended, 1)
})

await t.test('SIGTERM: an app that listens for it is left to it', async (t) => {
  const { child, event, events, ended } = await run(
    t,
    `${server}process.on('SIGTERM', () => process.exit(7))`,
  )
  await event('app.listening')
  child.kill('SIGTERM')
  t.equal(await ended, 7)
  t.notOk(events.some(({ event }) => event === 'app.draining'))
})

function get(
  port: number,
  path: string,
): Promise<{ status: number | undefined; connection: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1', headers: { connection: 'keep-alive' } }, (response) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () =>
          resolve({ status: response.statusCode, connection: response.headers.connection, body }),
        )
        .on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}
