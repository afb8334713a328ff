import { once } from 'node:events'
import { type ClientHttp2Stream, connect } from 'node:http2'
import t from 'tap'
import { WebSocketServer } from 'ws'
import { certify } from '../../lib/certify.ts'
import { backend, balancer, inFlight, oneRoute, until } from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

const [text, close] = [1, 8]

/** A frame of a client: the only one of its message, masked by zeros. */
function frame(kind: number, payload: string): Buffer {
  return Buffer.from(`${String.fromCharCode(0x80 | kind, 0x80 | payload.length)}\0\0\0\0${payload}`, 'latin1')
}

await t.test(
  'forwards WebSockets over HTTP/2 beside requests, in both directions, until they close',
  async (t) => {
    const echo = await backend(t)
    const sockets = new WebSocketServer({ server: echo.server })
    sockets.on('connection', (socket, { headers }) => {
      socket.on('message', (data: Buffer) => socket.send(`${headers.host}: ${data.toString()}`))
    })
    const [port, { certificate, key }] = [await freePort(), certify(t, 'x')]
    const lb = await balancer(
      t,
      {
        ...oneRoute([echo]),
        listeners: [
          { port: port, protocol: 'https', certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }] },
        ],
      },
      { CRT: certificate, KEY: key },
    )
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    t.teardown(() => session.destroy())
    await once(session, 'remoteSettings')
    t.ok(session.remoteSettings.enableConnectProtocol)
    const open = (protocol: string): ClientHttp2Stream =>
      session.request({
        ...{ ':method': 'CONNECT', ':protocol': protocol, ':path': '/chat', ':authority': 'x' },
        ...{ ':scheme': 'https', 'sec-websocket-version': '13' },
      })
    const chat = open('websocket')
    const [headers] = (await once(chat, 'response')) as [Record<string, unknown>]
    t.equal(headers[':status'], 200)
    t.notOk(headers['sec-websocket-accept'], 'which is of HTTP/1.1')
    let received = ''
    chat.setEncoding('latin1').on('data', (part: string) => (received += part))

    chat.write(frame(text, 'hello'))
    await until('it is echoed', () => received === '\x81\x08x: hello')
    const plain = session.request({ ':path': '/' })
    t.equal((await plain.setEncoding('utf8').toArray()).join(''), echo.address)
    t.equal((await lb.overview()).pools[0]?.backends[0]?.inflight, 1)
    chat.end(frame(close, '\x03\xe8'))
    await once(chat, 'close')
    t.ok(received.endsWith('\x88\x02\x03\xe8'))
    await until('it is over', async () => (await inFlight(lb)) === 0)

    const [refused] = (await once(open('something-else'), 'response')) as [Record<string, unknown>]
    t.equal(refused[':status'], 405)
    await echo.stop()
    const [gone] = (await once(open('websocket'), 'response')) as [Record<string, unknown>]
    t.match(String(gone[':status']), /50[23]/)
  },
)
