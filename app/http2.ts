import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type ConnectionOptions, type Connections, noController } from './connections.ts'
import type { Handler, Outgoing } from './connections.ts'
import { failure, isUnseen, reasonOf } from './failures.ts'
import { Http2Request } from './http2-request.ts'

/** Requests at once on a connection whose backend sets no limit. */
const firstStreams = 100
/** A connection without any traffic takes no more requests after this time. */
const idleMs = 60_000
/** Bytes of one response that may be on their way: the next ones follow as the client reads. */
const windowBytes = 262_144

type Request = [Outgoing, Handler]

/** Connections of HTTP/2 to one backend, each for as many requests at once as the backend allows. */
export function http2Connections(options: ConnectionOptions): Connections {
  const connections = new Set<Connection>()
  const dispatch = (outgoing: Outgoing, handler: Handler): void => {
    const all = [...connections]
    const ready = all.find(({ hasRoom }) => hasRoom)
    if (ready !== undefined) return ready.send(outgoing, handler)
    const opening = all.find(({ isOpening }) => isOpening) ?? open()
    opening.waiting.push([outgoing, handler])
  }
  const open = (): Connection => {
    const connection = new Connection(options, dispatch, () => connections.delete(connection))
    connections.add(connection)
    return connection
  }
  return {
    dispatch,
    close(): void {
      for (const connection of connections) connection.retire()
    },
  }
}

/** One connection to a backend. */
export class Connection {
  readonly options: ConnectionOptions
  /** Requests until the backend has told how many it allows at once. */
  waiting: Request[] = []
  isOpening = true
  private isRetired = false
  private readonly session: ClientHttp2Session
  private requests = 0
  private most = 1
  /** The last stream that the backend responds to, once it is closing the connection. */
  private lastStream = Infinity

  constructor(options: ConnectionOptions, dispatch: Connections['dispatch'], onEnd: () => void) {
    const { secure, connectMs } = options
    let problem: Error | undefined
    this.options = options
    const session = connect(urlOf(options), settingsOf(options))
    const late = setTimeout(() => session.destroy(failure('UND_ERR_CONNECT_TIMEOUT')), connectMs)
    session.once('connect', (_session, socket) => {
      if (secure && (socket as TLSSocket).alpnProtocol !== 'h2')
        session.destroy(failure('ALPN', 'the backend does not support HTTP/2 over TLS'))
    })
    session.on('remoteSettings', ({ maxConcurrentStreams: most = firstStreams }) => {
      clearTimeout(late)
      this.most = Math.max(most, 1)
      this.isOpening = false
      for (const request of this.waiting.splice(0)) dispatch(...request)
      if (this.isRetired) session.close()
    })
    session.on('goaway', (_code, last) => (this.lastStream = last ?? 0))
    session.on('error', (error) => (problem ??= error))
    session.once('close', () => {
      clearTimeout(late)
      this.isOpening = false
      onEnd()
      const reason = notSent(problem)
      for (const [, handler] of this.waiting.splice(0)) handler.onResponseError(noController, reason)
    })
    session.setTimeout(idleMs, () => this.retire())
    this.session = session
  }

  /** Whether it takes another request. */
  get hasRoom(): boolean {
    const { closed, destroyed } = this.session
    const isOpen = !this.isOpening && !closed && !destroyed && this.lastStream === Infinity
    return isOpen && this.requests < this.most
  }

  send(outgoing: Outgoing, handler: Handler): void {
    let stream: ClientHttp2Stream
    try {
      stream = this.session.request(headersOf(outgoing, this.options), {
        endStream: outgoing.body === null,
        waitForTrailers: outgoing.body !== null,
      })
    } catch (error) {
      // Such as a header that HTTP/2 does not allow.
      return handler.onResponseError(noController, error as Error)
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
    this.isRetired = true
    if (!this.isOpening) this.session.close()
  }

  /** Why a stream of this connection ended before its response did. */
  problemOf({ id, rstCode }: ClientHttp2Stream, error: NodeJS.ErrnoException | undefined): Error {
    if (id === undefined) return notSent(error)
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id > this.lastStream)
      return failure('REFUSED_STREAM', 'the backend refused the stream', rstCode)
    if (error !== undefined && error.code !== 'ERR_HTTP2_STREAM_ERROR') return error
    // Node resets all streams itself when the connection ends.
    const isLost = this.session.closed && rstCode === constants.NGHTTP2_CANCEL
    return isLost || rstCode === 0
      ? failure('UND_ERR_SOCKET')
      : failure('RST_STREAM', 'the backend reset the stream', rstCode)
  }
}

function notSent(error: NodeJS.ErrnoException = failure('UND_ERR_SOCKET')): Error {
  return isUnseen(error) ? error : failure('NOT_SENT', reasonOf(error))
}

function urlOf({ host, port, secure }: ConnectionOptions): string {
  return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function settingsOf({ serverName, headerBytes }: ConnectionOptions): SecureClientSessionOptions {
  const settings: SecureClientSessionOptions & { strictSingleValueFields: boolean } = {
    servername: serverName,
    settings: { enablePush: false, initialWindowSize: windowBytes, maxHeaderListSize: headerBytes },
    // Their bytes are limited, not their number.
    maxHeaderListPairs: headerBytes,
    maxSendHeaderBlockLength: 2 ** 21,
    maxSessionMemory: 100,
    strictSingleValueFields: false,
  }
  return settings
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
