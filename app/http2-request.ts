import type { IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Stream, constants } from 'node:http2'
import type { Body } from './body.ts'
import type { Controller, Handler, Outgoing } from './connections.ts'
import { failure } from './failures.ts'
import { trailersOf } from './headers.ts'
import type { Connection } from './http2.ts'

/** One request on a connection of HTTP/2, and what its handler may do with it. */
export class Http2Request implements Controller {
  aborted = false
  paused = false
  reason: Error | null = null
  /** The response has ended with its headers: the client's may end so, too. */
  isWhole = false
  private readonly connection: Connection
  private readonly stream: ClientHttp2Stream
  private readonly handler: Handler
  private trailers: IncomingHttpHeaders = {}
  private hasBegun = false
  private isOver = false

  constructor(connection: Connection, stream: ClientHttp2Stream, handler: Handler) {
    this.connection = connection
    this.stream = stream
    this.handler = handler
  }

  begin({ body, trailers }: Outgoing): void {
    const { stream, handler, connection } = this
    let problem: Error | undefined
    stream.on('headers', (headers) => this.receive(headers))
    stream.on('response', (headers, flags) => {
      this.hasBegun = true
      this.isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
      stream.setTimeout(connection.options.bodyMs)
      this.receive(headers)
    })
    stream.on('data', (chunk: Buffer) => {
      if (!this.isOver) handler.onResponseData(this, chunk)
    })
    stream.on('trailers', (received) => (this.trailers = trailersOf(received)))
    stream.on('end', () => this.end())
    stream.on('error', (error) => (problem = error))
    stream.once('close', () => this.fail(connection.problemOf(stream, problem)))
    stream.setTimeout(connection.options.responseMs, () => this.late())
    stream.once('wantTrailers', () => this.attempt(() => stream.sendTrailers(trailersOf(trailers()))))
    handler.onRequestStart(this, undefined)
    if (!this.isOver) this.write(body)
  }

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.fail(reason)
  }

  pause(): void {
    this.paused = true
    this.stream.pause()
  }

  resume(): void {
    this.paused = false
    this.stream.resume()
  }

  private receive(headers: IncomingHttpHeaders & { ':status'?: number | undefined }): void {
    if (!this.isOver) this.handler.onResponseStart(this, headers[':status'] ?? 0, headers)
  }

  /** The backend has sent all of its response; a rest of the request is not sent any more. */
  private end(): void {
    if (this.isOver || !this.hasBegun || this.stream.rstCode !== 0) return
    this.attempt(() => this.handler.onResponseEnd(this, this.trailers))
    this.isOver = true
    if (!this.stream.writableEnded) this.stream.close(constants.NGHTTP2_NO_ERROR)
  }

  /** Trailers that cannot be sent break the response off. */
  private attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.fail(error as Error)
    }
  }

  private fail(error: Error): void {
    if (this.isOver) return
    this.isOver = true
    if (!this.stream.closed) this.stream.close(constants.NGHTTP2_CANCEL)
    this.handler.onResponseError(this, error)
  }

  private late(): void {
    if (this.isOver) return
    const { responseMs, bodyMs } = this.connection.options
    if (this.paused) {
      this.stream.setTimeout(this.hasBegun ? bodyMs : responseMs)
      return
    }
    // The backend may have vanished: other requests must not wait for it as well.
    if (!this.hasBegun) this.connection.retire()
    this.fail(failure(this.hasBegun ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT'))
  }

  private write(body: Body): void {
    if (body === null) return
    if (Buffer.isBuffer(body)) return void this.stream.end(body)
    this.pump(body as AsyncIterable<Buffer>).catch((error: unknown) => this.fail(error as Error))
  }

  /** Sends the body at the pace at which the backend takes it. */
  private async pump(body: AsyncIterable<Buffer>): Promise<void> {
    const { stream } = this
    for await (const part of body) {
      if (this.isOver || stream.destroyed) return
      if (!stream.write(part)) await drained(stream)
    }
    stream.end()
  }
}

function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}
