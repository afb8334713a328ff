import type { IncomingHttpHeaders } from 'node:http'
import type { Readable, Writable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Body } from './body.ts'
import type { Headers } from './headers.ts'

/** A request to a backend. */
export interface Outgoing {
  path: string
  method: string
  headers: Headers
  body: Body
  /** Whether it announces trailers that follow its body. */
  hasTrailers: boolean
  /** Trailers of the request, once its body has been read. */
  trailers: () => IncomingHttpHeaders
  /** Protocol that the client wants to switch to. */
  upgrade: string | null
}

/** Receives the response to a request: undici's interface, for every protocol. */
export type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd' | 'onResponseError'
  >
>

export type Controller = Dispatcher.DispatchController

/** For a request that fails before it is sent: there is nothing to abort. */
export const noController = undefined as unknown as Controller

/** The connections to one backend. */
export interface Connections {
  dispatch: (outgoing: Outgoing, handler: Handler) => void
  /** Takes no more requests; those in flight continue. */
  close: () => void
}

export interface ConnectionOptions {
  host: string
  port: number
  /** Whether the connection is encrypted. */
  secure: boolean
  /** The name that the certificate must be valid for; empty for an address. */
  serverName: string
  /** Limit of open connections, for HTTP/1.1. */
  connections: number
  /** Limit of the headers of a response, with its status line. */
  headerBytes: number
  /** Milliseconds until a connection is open, a response begins, the next part of its body arrives. */
  connectMs: number
  responseMs: number
  bodyMs: number
}

/** A request to a backend that undici cannot send. */
export abstract class BackendRequest implements Controller {
  aborted = false
  paused = false
  reason: Error | null = null
  /** The handler has the whole response, or an error: it is not called again. */
  isOver = false
  readonly handler: Handler

  constructor(handler: Handler) {
    this.handler = handler
  }

  /** Returns the stream of the response, once it exists. */
  abstract source(): Readable | undefined
  /** Stops the request and its response. */
  abstract cancel(): void

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.fail(reason)
  }

  pause(): void {
    this.paused = true
    this.source()?.pause()
  }

  resume(): void {
    this.paused = false
    this.source()?.resume()
  }

  fail(error: Error): void {
    if (this.isOver) return
    this.isOver = true
    this.cancel()
    this.handler.onResponseError(this, error)
  }

  receive(chunk: Buffer): void {
    if (!this.isOver) this.handler.onResponseData(this, chunk)
  }

  /** Calls a function; if it throws, for an invalid trailer for instance, the request fails. */
  attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.fail(error as Error)
    }
  }

  /** Sends the body at the pace at which the backend reads it, then calls `end`. */
  send(body: Body, stream: Writable, end: () => void): void {
    this.#pump(body as AsyncIterable<Buffer>, stream, end).catch((error: unknown) =>
      this.fail(error as Error),
    )
  }

  async #pump(body: AsyncIterable<Buffer>, stream: Writable, end: () => void): Promise<void> {
    for await (const part of body) {
      if (this.isOver || stream.destroyed) return
      if (!stream.write(part)) await drained(stream)
    }
    end()
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}

/** Returns the URL of a backend. */
export function urlOf({ host, port, secure }: Pick<ConnectionOptions, 'host' | 'port' | 'secure'>): string {
  return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Why a request failed: codes are those of undici, of the system, or of HTTP/2. */
export interface Failure extends Error {
  code: string
  /** Code with which the backend reset the stream. */
  rstCode?: number
}

export function failure(code: string, message = code, rstCode = 0): Failure {
  return Object.assign(new Error(message), { code, rstCode })
}

/** Errors before the backend has received the request. */
const unseen = new Set([
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'REFUSED_STREAM', 'NOT_SENT', 'ALPN'],
])
/** Errors of a connection that closed without a response: an idle one may close just when it is used. */
const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'REFUSED_STREAM', 'NOT_SENT'])
const late = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])

const reasons: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection within timeouts.connect',
  UND_ERR_HEADERS_TIMEOUT: 'no response within timeouts.response',
  UND_ERR_BODY_TIMEOUT: 'no more of the response within timeouts.body',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the response are longer than limits.responseHeaderBytes',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body is not as long as Content-Length declares',
  ERR_HTTP2_ERROR: 'the backend does not speak HTTP/2; check the protocol of its pool',
  UND_ERR_SOCKET: 'the connection was closed before the response was complete',
}

/** Names of the codes with which HTTP/2 resets a stream. */
const resets = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
]

function codeOf({ code, message }: NodeJS.ErrnoException): string {
  return code ?? message
}

export function isUnseen(error: Error): boolean {
  return unseen.has(codeOf(error))
}

export function isClosed(error: Error): boolean {
  return closed.has(codeOf(error))
}

export function isLate(error: Error): boolean {
  return late.has(codeOf(error))
}

/** Describes a failure for the log. */
export function reasonOf(error: Error): string {
  const code = codeOf(error)
  const { rstCode = 0 } = error as { rstCode?: number }
  if (rstCode > 0) return `${error.message} (${resets[rstCode] ?? rstCode})`
  const reason = reasons[code]
  if (reason !== undefined) return `${reason} (${code})`
  // An HTTP/2 server begins with bytes that are not an HTTP/1.1 response.
  if (error.message.includes('Expected HTTP/'))
    return `${error.message}; if the backend speaks HTTP/2, the protocol of its pool must be h2c or h2`
  return code.startsWith('HPE_') || code === 'ALPN' || code === 'NOT_SENT' ? error.message : code
}
