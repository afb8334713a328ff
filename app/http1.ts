import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import connector from 'undici/lib/core/connect.js'
import symbols from 'undici/lib/core/symbols.js'
import ConnectionPool from 'undici/lib/dispatcher/pool.js'
import {
  BackendRequest,
  type ConnectionOptions,
  type Connections,
  failure,
  type Handler,
  noController,
  type Outgoing,
  urlOf,
} from './connections.ts'
import { type Headers, trailersOf } from './headers.ts'

/** Opens HTTP/1.1 connections to a backend, each for one request at a time. */
export function http1Connections(options: ConnectionOptions): Connections {
  const { host, serverName } = options
  const connect = connector({ timeout: options.connectMs })
  const pool = new ConnectionPool(urlOf(options), {
    connections: options.connections,
    pipelining: 1,
    maxHeaderSize: options.headerBytes,
    headersTimeout: options.responseMs,
    bodyTimeout: options.bodyMs,
    connect: (target, done) =>
      connect({ ...target, servername: serverName }, (...result) => {
        done(...result)
        const [problem, socket] = result
        if (problem === null) correctParser(socket)
      }),
  })
  let withTrailers: Connections | undefined
  return {
    dispatch(outgoing: Outgoing, handler: Handler): void {
      const { path, method, headers, body, upgrade, hasTrailers } = outgoing
      if (hasTrailers) return (withTrailers ??= trailerConnections(options)).dispatch(outgoing, handler)
      const request = {
        ...{ path, method, upgrade },
        headers: headers as string[],
        body: body as Buffer | null,
        // By default undici closes the connection after each HEAD.
        reset: method === 'HEAD' ? false : null,
        // By default undici uses the client's Host; in TLS the backend has its own name.
        servername: host,
      }
      pool.dispatch(request as Parameters<typeof pool.dispatch>[0], handler)
    },
    close(): void {
      void pool.close()
      withTrailers?.close()
    },
  }
}

/** The part of undici's response parser that is corrected here. */
interface Parser {
  headers: Buffer[]
  headersSize: number
  contentLength: string
  statusCode: number
  shouldKeepAlive: boolean
  timeout: { refresh?: () => void } | null
  onHeadersComplete: (status: number, upgrade: boolean, keepAlive: boolean) => number
}

/** Return values for llhttp. */
const [bodyFollows, noBody] = [0, 1]
let corrected = false

/**
 * Makes undici's parser accept what HTTP allows. It closes the connection on 100 Continue, and on a response of status
 * 204 or 304 that has headers of a body (RFC 9110, 8.6 and 15.2.1): such a response has none, whatever they declare.
 */
function correctParser(socket: Socket): void {
  const parser = Reflect.get(socket, symbols.kParser) as Parser | null | undefined
  if (corrected || !parser) return
  corrected = true
  const prototype = Object.getPrototypeOf(parser) as Parser
  const { onHeadersComplete } = prototype
  prototype.onHeadersComplete = function (status, upgrade, keepAlive): number {
    if (status === 100) {
      // The listener has already sent it to a client that expects it.
      this.statusCode = status
      this.headers = []
      this.headersSize = 0
      this.timeout?.refresh?.()
      return noBody
    }
    const { headers } = this
    const next = onHeadersComplete.call(this, status, upgrade, keepAlive)
    if (next !== bodyFollows || (status !== 204 && status !== 304)) return next
    this.contentLength = ''
    // If a 204 has a body nevertheless, it must not be parsed as the next response.
    if (status === 204 && headers.some(isFraming)) this.shouldKeepAlive = false
    return noBody
  }
}

function isFraming(text: Buffer, index: number): boolean {
  return (
    index % 2 === 0 && text.length === 17 && text.toString('latin1').toLowerCase() === 'transfer-encoding'
  )
}

/** Opens connections for HTTP/1.1 requests with trailers, which undici cannot send. They are rare. */
export function trailerConnections(options: ConnectionOptions): Connections {
  const { host, port, secure, serverName: servername, connections, headerBytes } = options
  const { Agent, request } = secure ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    dispatch({ path, method, headers, body, trailers }: Outgoing, handler: Handler): void {
      let sent: ClientRequest
      try {
        sent = request({
          ...{ host, port, servername, path, method, agent, maxHeaderSize: headerBytes, setHost: false },
          headers: [...flat(headers), 'transfer-encoding', 'chunked'],
        })
      } catch (error) {
        return handler.onResponseError(noController, error as Error)
      }
      const trailing = new TrailerRequest(sent, handler)
      trailing.begin(options)
      trailing.send(body, sent, () => {
        sent.addTrailers(trailersOf(trailers()))
        sent.end()
      })
    },
    close: () => agent.destroy(),
  }
}

/** Repeats the name before each value of a header, as Node requires. */
function flat(headers: Headers): string[] {
  const all: string[] = []
  for (let index = 0; index < headers.length; index += 2)
    for (const value of [headers[index + 1] ?? ''].flat()) all.push(headers[index] as string, value)
  return all
}

class TrailerRequest extends BackendRequest {
  #response: IncomingMessage | undefined
  readonly #request: ClientRequest

  constructor(request: ClientRequest, handler: Handler) {
    super(handler)
    this.#request = request
  }

  override source(): IncomingMessage | undefined {
    return this.#response
  }

  override cancel(): void {
    this.#request.destroy()
  }

  begin({ responseMs, bodyMs }: ConnectionOptions): void {
    const { handler } = this
    const request = this.#request
    request.on('information', ({ statusCode, headers }) => {
      if (!this.isOver) handler.onResponseStart(this, statusCode, headers)
    })
    request.on('response', (response) => this.#respond(response, bodyMs))
    request.on('error', (error) => this.fail(error))
    request.on('close', () => this.fail(failure('UND_ERR_SOCKET')))
    request.setTimeout(responseMs, () => this.fail(failure('UND_ERR_HEADERS_TIMEOUT')))
    handler.onRequestStart(this, undefined)
  }

  #respond(response: IncomingMessage, bodyMs: number): void {
    const { handler } = this
    this.#response = response
    this.#request.setTimeout(bodyMs, () => {
      if (!this.paused) this.fail(failure('UND_ERR_BODY_TIMEOUT'))
    })
    response.on('data', (chunk: Buffer) => this.receive(chunk))
    response.on('error', (error) => this.fail(error))
    response.on('end', () => {
      if (this.isOver || !response.complete) return
      this.attempt(() => handler.onResponseEnd(this, response.trailers))
      this.isOver = true
    })
    if (!this.isOver)
      handler.onResponseStart(this, response.statusCode ?? 0, response.headers, response.statusMessage)
  }
}
