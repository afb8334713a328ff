import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { certify } from './certify.ts'
import { balancer, portOf, type TestBalancer } from './balancer.ts'
import { freePort } from './ports.ts'

interface Owner {
  teardown(undo: () => unknown): unknown
  testdir(): string
}

export interface RawBackend {
  address: string
  server: Server
  /** Connections that were opened to it. */
  connections: () => number
}

/** A backend that responds to each request as `respond` writes it, whatever HTTP says of that. */
export async function raw(
  t: Owner,
  respond: (socket: Socket, head: string, nth: number) => void,
): Promise<RawBackend> {
  let [connections, requests] = [0, 0]
  const server = createServer((socket) => {
    connections += 1
    let text = ''
    socket.on('error', () => undefined)
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 4)
        respond(socket, head, (requests += 1))
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { address: `127.0.0.1:${portOf(server)}`, server, connections: () => connections }
}

/** A balancer before one backend, with a listener of HTTP/1.1 and one of TLS, that logs every request. */
export async function both(
  t: Owner,
  address: string,
  { pool = {}, ...rest }: { pool?: object; [key: string]: object } = {},
): Promise<{ lb: TestBalancer; secure: number }> {
  const [plain, secure, { certificate, key }] = [await freePort(), await freePort(), certify(t, 'x')]
  const lb = await balancer(
    t,
    {
      routes: [{ pool: 'web' }],
      pools: {
        web: {
          ...{ backends: [{ address }], health: { kind: 'none' }, ejection: { failures: 0 }, retries: 0 },
          ...pool,
        },
      },
      listeners: [
        { port: plain },
        {
          ...{ port: secure, protocol: 'https' },
          certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }],
        },
      ],
      log: { requests: 'all' },
      ...rest,
    },
    { CRT: certificate, KEY: key },
  )
  return { lb, secure }
}

export interface Http2Answer {
  informational: IncomingHttpHeaders[]
  headers: IncomingHttpHeaders
  trailers: IncomingHttpHeaders
  body: string
  /** The code of a reset; 0 for none. */
  rstCode: number
  /** Whether the headers ended the response. */
  endsWithHeaders: boolean
}

/** A request of HTTP/2, and all that comes back. */
export async function askHttp2(
  port: number,
  headers: Record<string, string> = {},
  body?: string,
  trailers?: Record<string, string>,
): Promise<Http2Answer> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    maxHeaderListPairs: 5000,
    settings: { maxHeaderListSize: 2 ** 20 },
  })
  session.on('error', () => undefined)
  const stream = session.request(
    { ':authority': 'x', ':path': '/', ...headers },
    { endStream: body === undefined, waitForTrailers: trailers !== undefined },
  )
  const answer: Http2Answer = {
    ...{ informational: [], headers: {}, trailers: {}, body: '', rstCode: 0, endsWithHeaders: false },
  }
  stream.on('error', () => undefined)
  stream.on('headers', (received) => answer.informational.push(received))
  stream.on('response', (received, flags) => {
    answer.headers = received
    answer.endsWithHeaders = (flags & 1) === 1
  })
  stream.on('trailers', (received) => (answer.trailers = received))
  stream.on('data', (data: Buffer) => (answer.body += data.toString('latin1')))
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  if (body !== undefined) stream.end(body)
  await new Promise((resolve) => stream.once('close', resolve))
  answer.rstCode = stream.rstCode ?? 0
  session.destroy()
  return answer
}

/** Returns the access log of the balancer. */
export function logged({ output }: TestBalancer, event = 'request'): Record<string, unknown>[] {
  return output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === event)
}
