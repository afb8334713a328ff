import type { IncomingHttpHeaders } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import {
  BackendRequest,
  type ConnectionOptions,
  type Connections,
  failure,
  type Handler,
  isUnseen,
  noController,
  type Outgoing,
  reasonOf,
  urlOf,
} from './connections.ts'
import { trailersOf } from './headers.ts'

/** Concurrency limit of a connection if the backend sets none. */
const firstStreams = 100
/** A connection without traffic for this long takes no more requests. */
const idleMs = 60_000
/** Flow-control window of a response. */
const windowBytes = 262_144

type Request = [Outgoing, Handler]

/** Opens HTTP/2 connections to a backend, each for as many concurrent requests as the backend allows. */
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
class Connection {
  readonly options: ConnectionOptions
  /** Requests that wait for the settings of the backend. */
  waiting: Request[] = []
  isOpening = true
  #isRetired = false
  readonly #session: ClientHttp2Session
  #requests = 0
  #most = 1
  /** The last stream that the backend will respond to, after GOAWAY. */
  #lastStream = Infinity

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
      this.#most = Math.max(most, 1)
      this.isOpening = false
      for (const request of this.waiting.splice(0)) dispatch(...request)
      if (this.#isRetired) session.close()
    })
    session.on('goaway', (_code, last) => (this.#lastStream = last ?? 0))
    session.on('error', (error) => (problem ??= error))
    session.once('close', () => {
      clearTimeout(late)
      this.isOpening = false
      onEnd()
      const reason = notSent(problem)
      for (const [, handler] of this.waiting.splice(0)) handler.onResponseError(noController, reason)
    })
    session.setTimeout(idleMs, () => this.retire())
    this.#session = session
  }

  /** Whether it takes another request. */
  get hasRoom(): boolean {
    const { closed, destroyed } = this.#session
    const isOpen = !this.isOpening && !closed && !destroyed && this.#lastStream === Infinity
    return isOpen && this.#requests < this.#most
  }

  send(outgoing: Outgoing, handler: Handler): void {
    let stream: ClientHttp2Stream
    try {
      stream = this.#session.request(headersOf(outgoing, this.options), {
        endStream: outgoing.body === null,
        waitForTrailers: outgoing.body !== null,
      })
    } catch (error) {
      // For instance a header that HTTP/2 does not allow.
      return handler.onResponseError(noController, error as Error)
    }
    this.#requests += 1
    this.#session.ref()
    stream.once('close', () => {
      this.#requests -= 1
      if (this.#requests === 0) this.#session.unref()
    })
    new Http2Request(this, stream, handler).begin(outgoing)
  }

  /** Takes no more requests, and closes after those in flight. */
  retire(): void {
    this.#isRetired = true
    if (!this.isOpening) this.#session.close()
  }

  /** Why a stream of this connection ended before its response did. */
  problemOf({ id, rstCode }: ClientHttp2Stream, error: NodeJS.ErrnoException | undefined): Error {
    if (id === undefined) return notSent(error)
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id > this.#lastStream)
      return failure('REFUSED_STREAM', 'the backend refused the stream', rstCode)
    if (error !== undefined && error.code !== 'ERR_HTTP2_STREAM_ERROR') return error
    // Node resets all streams itself when the connection ends.
    const isLost = this.#session.closed && rstCode === constants.NGHTTP2_CANCEL
    return isLost || rstCode === 0
      ? failure('UND_ERR_SOCKET')
      : failure('RST_STREAM', 'the backend reset the stream', rstCode)
  }
}

function notSent(error: NodeJS.ErrnoException = failure('UND_ERR_SOCKET')): Error {
  return isUnseen(error) ? error : failure('NOT_SENT', reasonOf(error))
}

function settingsOf({ serverName, headerBytes }: ConnectionOptions): SecureClientSessionOptions {
  const settings: SecureClientSessionOptions & { strictSingleValueFields: boolean } = {
    servername: serverName,
    settings: { enablePush: false, initialWindowSize: windowBytes, maxHeaderListSize: headerBytes },
    // Headers are limited in bytes, not in number.
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

/** One request on an HTTP/2 connection. */
class Http2Request extends BackendRequest {
  /** Whether the response ended with its headers, as the one to the client then may. */
  isWhole = false
  readonly #connection: Connection
  readonly #stream: ClientHttp2Stream
  #trailers: IncomingHttpHeaders = {}
  #hasBegun = false

  constructor(connection: Connection, stream: ClientHttp2Stream, handler: Handler) {
    super(handler)
    this.#connection = connection
    this.#stream = stream
  }

  override source(): ClientHttp2Stream {
    return this.#stream
  }

  override cancel(): void {
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  begin({ body, trailers }: Outgoing): void {
    const [stream, connection] = [this.#stream, this.#connection]
    let problem: Error | undefined
    stream.on('headers', (headers) => this.#respond(headers))
    stream.on('response', (headers, flags) => {
      this.#hasBegun = true
      this.isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
      stream.setTimeout(connection.options.bodyMs)
      this.#respond(headers)
    })
    stream.on('data', (chunk: Buffer) => this.receive(chunk))
    stream.on('trailers', (received) => (this.#trailers = trailersOf(received)))
    stream.on('end', () => this.#end())
    stream.on('error', (error) => (problem = error))
    stream.once('close', () => this.fail(connection.problemOf(stream, problem)))
    stream.setTimeout(connection.options.responseMs, () => this.#late())
    stream.once('wantTrailers', () => this.attempt(() => stream.sendTrailers(trailersOf(trailers()))))
    this.handler.onRequestStart(this, undefined)
    if (this.isOver || body === null) return
    if (Buffer.isBuffer(body)) stream.end(body)
    else this.send(body, stream, () => stream.end())
  }

  #respond(headers: IncomingHttpHeaders & { ':status'?: number | undefined }): void {
    if (!this.isOver) this.handler.onResponseStart(this, headers[':status'] ?? 0, headers)
  }

  /** The backend has sent its whole response: the rest of the request is not sent. */
  #end(): void {
    const stream = this.#stream
    if (this.isOver || !this.#hasBegun || stream.rstCode !== 0) return
    this.attempt(() => this.handler.onResponseEnd(this, this.#trailers))
    this.isOver = true
    if (!stream.writableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
  }

  #late(): void {
    if (this.isOver) return
    const { responseMs, bodyMs } = this.#connection.options
    if (this.paused) {
      this.#stream.setTimeout(this.#hasBegun ? bodyMs : responseMs)
      return
    }
    // The backend may have vanished: other requests must not wait for it as well.
    if (!this.#hasBegun) this.#connection.retire()
    this.fail(failure(this.#hasBegun ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT'))
  }
}
