import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { ConnectionOptions, Connections, Handler, Outgoing } from './connections.ts'
import { failure, Http2Request } from './http2-request.ts'

/** Requests on a connection until its backend has said how many it allows. */
const firstStreams = 100
/** A connection without any traffic takes no more requests after this time. */
const idleMs = 60_000
/** Bytes of one response that may be on their way: the next ones follow as the client reads. */
const windowBytes = 262_144

/** Connections of HTTP/2 to one backend, each for as many requests at once as the backend allows. */
export function http2Connections(options: ConnectionOptions): Connections {
  const connections = new Set<Connection>()
  const open = (): Connection => {
    const connection = new Connection(options, () => connections.delete(connection))
    connections.add(connection)
    return connection
  }
  return {
    dispatch(outgoing: Outgoing, handler: Handler): void {
      const connection = [...connections].find((each) => each.hasRoom) ?? open()
      connection.send(outgoing, handler)
    },
    close(): void {
      for (const connection of connections) connection.retire()
    },
  }
}

/** One connection to a backend. */
export class Connection {
  readonly options: ConnectionOptions
  /** Why it ended; undefined while it is open. */
  problem: Error | undefined
  private readonly session: ClientHttp2Session
  private requests = 0
  private most = firstStreams
  /** The last stream that the backend answers, once it is closing the connection. */
  private lastStream = Infinity

  constructor(options: ConnectionOptions, onEnd: () => void) {
    const { secure, serverName, connectMs, headerBytes } = options
    const host = options.host.includes(':') ? `[${options.host}]` : options.host
    this.options = options
    const settings: SecureClientSessionOptions & { strictSingleValueFields: boolean } = {
      servername: serverName,
      settings: { enablePush: false, initialWindowSize: windowBytes, maxHeaderListSize: headerBytes },
      // Their bytes are limited, not their number.
      maxHeaderListPairs: headerBytes,
      maxSendHeaderBlockLength: 2 ** 21,
      maxSessionMemory: 100,
      strictSingleValueFields: false,
    }
    const session = connect(`${secure ? 'https' : 'http'}://${host}:${options.port}`, settings)
    const late = setTimeout(() => session.destroy(failure('UND_ERR_CONNECT_TIMEOUT')), connectMs)
    session.once('connect', (_session, socket) => {
      clearTimeout(late)
      if (secure && (socket as TLSSocket).alpnProtocol !== 'h2')
        session.destroy(failure('ALPN', 'the backend does not support HTTP/2'))
    })
    session.on('remoteSettings', ({ maxConcurrentStreams = firstStreams }) => {
      this.most = maxConcurrentStreams
    })
    session.on('goaway', (_code, last) => (this.lastStream = last ?? 0))
    session.on('error', (error) => (this.problem ??= error))
    session.once('close', () => {
      clearTimeout(late)
      this.problem ??= failure('UND_ERR_SOCKET')
      onEnd()
    })
    session.setTimeout(idleMs, () => this.retire())
    session.unref()
    this.session = session
  }

  /** Whether it takes another request. */
  get hasRoom(): boolean {
    const { closed, destroyed } = this.session
    return !closed && !destroyed && this.lastStream === Infinity && this.requests < this.most
  }

  send(outgoing: Outgoing, handler: Handler): void {
    let stream: ClientHttp2Stream
    try {
      stream = this.session.request(headersOf(outgoing, this.options), {
        endStream: outgoing.body === null,
        waitForTrailers: outgoing.body !== null,
      })
    } catch (error) {
      return handler.onResponseError(undefined as never, error as Error)
    }
    this.requests += 1
    this.session.ref()
    stream.once('close', () => {
      this.requests -= 1
      if (this.requests === 0) this.session.unref()
    })
    new Http2Request(this, stream, handler).begin(outgoing)
  }

  /** Takes no more requests, and ends with the last of those in flight. */
  retire(): void {
    this.session.close()
  }

  /** Why a stream of this connection ended before its response did. */
  problemOf({ id = 0, rstCode }: ClientHttp2Stream, error: Error | undefined): Error {
    // Node resets all streams itself when the connection ends.
    const isLost = this.session.closed && rstCode === constants.NGHTTP2_CANCEL
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id > this.lastStream)
      return failure('REFUSED_STREAM', 'the backend refused the stream', rstCode)
    if (this.problem !== undefined) return this.problem
    if (isLost) return failure('UND_ERR_SOCKET')
    if (rstCode !== 0) return failure('RST_STREAM', `the backend reset the stream`, rstCode)
    return error ?? failure('UND_ERR_SOCKET')
  }
}

function headersOf({ headers, method, path }: Outgoing, { secure }: ConnectionOptions): OutgoingHttpHeaders {
  const all: Record<string, string | string[]> = Object.create(null) as Record<string, never>
  all[':method'] = method
  all[':scheme'] = secure ? 'https' : 'http'
  all[':path'] = path
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    const value = headers[index + 1] ?? ''
    if (name === 'host') all[':authority'] = value
    else all[name] = value
  }
  return all
}
