import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { once } from 'node:events'
import type { Body } from './body.ts'
import { type ConnectionOptions, type Connections, type Controller, noController } from './connections.ts'
import type { Handler, Outgoing } from './connections.ts'
import { failure } from './failures.ts'
import { type Headers, trailersOf } from './headers.ts'

/** Requests that announce trailers, over HTTP/1.1: undici cannot send any. Nearly no request does. */
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
      const exchange = new TrailerRequest(sent, handler, options)
      exchange.begin()
      exchange.send(body, trailers).catch((error: unknown) => exchange.abort(error as Error))
    },
    close: () => agent.destroy(),
  }
}

/** Node wants each value of a repeated header with its name. */
function flat(headers: Headers): string[] {
  const all: string[] = []
  for (let index = 0; index < headers.length; index += 2)
    for (const value of [headers[index + 1] ?? ''].flat()) all.push(headers[index] as string, value)
  return all
}

/** One such request, and what its handler may do with it. */
class TrailerRequest implements Controller {
  aborted = false
  paused = false
  reason: Error | null = null
  private response: IncomingMessage | undefined
  private isOver = false
  private readonly request: ClientRequest
  private readonly handler: Handler
  private readonly options: ConnectionOptions

  constructor(request: ClientRequest, handler: Handler, options: ConnectionOptions) {
    this.request = request
    this.handler = handler
    this.options = options
  }

  begin(): void {
    const { request, handler } = this
    request.on('information', ({ statusCode, headers }) => {
      if (!this.isOver) handler.onResponseStart(this, statusCode, headers)
    })
    request.on('response', (response) => this.receive(response))
    request.on('error', (error) => this.fail(error))
    request.on('close', () => this.fail(failure('UND_ERR_SOCKET')))
    request.setTimeout(this.options.responseMs, () => this.fail(failure('UND_ERR_HEADERS_TIMEOUT')))
    handler.onRequestStart(this, undefined)
  }

  /** Sends the body at the pace at which the backend takes it, and the trailers after it. */
  async send(body: Body, trailers: Outgoing['trailers']): Promise<void> {
    const { request } = this
    for await (const part of body as AsyncIterable<Buffer>) {
      if (this.isOver) return
      if (!request.write(part)) await Promise.race([once(request, 'drain'), once(request, 'close')])
    }
    request.addTrailers(trailersOf(trailers()))
    request.end()
  }

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.fail(reason)
  }

  pause(): void {
    this.paused = true
    this.response?.pause()
  }

  resume(): void {
    this.paused = false
    this.response?.resume()
  }

  private receive(response: IncomingMessage): void {
    const { handler, request } = this
    this.response = response
    request.setTimeout(this.options.bodyMs, () => {
      if (!this.paused) this.fail(failure('UND_ERR_BODY_TIMEOUT'))
    })
    response.on('data', (chunk: Buffer) => {
      if (!this.isOver) handler.onResponseData(this, chunk)
    })
    response.on('error', (error) => this.fail(error))
    response.on('end', () => {
      if (this.isOver || !response.complete) return
      try {
        handler.onResponseEnd(this, response.trailers)
        this.isOver = true
      } catch (error) {
        this.fail(error as Error)
      }
    })
    if (!this.isOver)
      handler.onResponseStart(this, response.statusCode ?? 0, response.headers, response.statusMessage)
  }

  private fail(error: Error): void {
    if (this.isOver) return
    this.isOver = true
    this.request.destroy()
    this.handler.onResponseError(this, error)
  }
}
