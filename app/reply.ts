import type { IncomingHttpHeaders } from 'node:http'
import { constants } from 'node:http2'
import type { Response } from '#nodeos/response'
import type { Controller } from './connections.ts'
import { type Exchange, logProblem } from './exchange.ts'
import { endToEnd, type Headers, trailersOf } from './headers.ts'

/** Bodies up to this size are sent as text. */
const textBytes = 4096

/** The response to a client while its backend sends it. */
export class Reply {
  /** The client disconnected, or has its complete response. */
  isGone = false
  /** The client's response has been written. */
  isDone = false
  readonly #exchange: Exchange
  readonly #isHttp2: boolean
  /** Bytes of the body that are still missing, if the backend declared its length. */
  #left = NaN
  #late: NodeJS.Timeout | undefined
  /** A 205 has no body, and HTTP/2 rejects one (RFC 9110, 15.3.6). */
  #hasNoBody = false

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.#isHttp2 = exchange.request.httpVersionMajor > 1
  }

  /** Passes on an informational response, such as 102 or 103. */
  inform(status: number, received: IncomingHttpHeaders): void {
    const { request, response } = this.#exchange
    // HTTP/1.0 has none, and 100 and 101 belong to one connection (RFC 9110, 15.2).
    if (status === 100 || status === 101 || request.httpVersion === '1.0' || this.isGone) return
    const headers: Record<string, string> = {}
    const passed = endToEnd(received)
    for (let index = 0; index < passed.length; index += 2) {
      const [name, value] = [passed[index] as string, passed[index + 1] ?? '']
      if (name !== 'content-length') headers[name] = Array.isArray(value) ? value.join(', ') : value
    }
    try {
      response.writeInformation(status, headers)
    } catch {
      // It is only a hint: one with an invalid header is dropped.
    }
  }

  /** Begins the response. @throws if it cannot be sent to this client */
  start(status: number, headers: Headers, message: string | undefined, isWhole: boolean): void {
    const { response } = this.#exchange
    this.#hasNoBody = status === 205
    if (!this.#isHttp2) return void response.writeHead(status, message, headers as string[])
    if (!isWhole) return void response.writeHead(status, headers as string[])
    // A response that ends with its headers, such as a gRPC error, must do so here, too.
    for (let index = 0; index < headers.length; index += 2)
      response.setHeader(headers[index] as string, headers[index + 1] ?? '')
    response.statusCode = status
    this.#end()
  }

  /** Sets the length of the body, after which the response is complete. */
  expect(length: string | undefined): void {
    this.#left = Number(length ?? NaN)
  }

  write(controller: Controller, chunk: Buffer): void {
    if (this.isGone || this.#hasNoBody) return
    this.#exchange.bytes += chunk.length
    this.#left -= chunk.length
    // The last part of the body is sent with the end, a short body with the headers.
    if (this.#left === 0) this.#end(chunk)
    else if (!this.#exchange.response.write(chunk)) this.#hold(controller)
  }

  finish(trailers: IncomingHttpHeaders): void {
    if (this.isGone || this.isDone) return
    for (const _ in trailers) {
      this.#exchange.response.addTrailers(trailersOf(trailers))
      break
    }
    this.#end()
  }

  close(): void {
    this.isGone = true
    clearTimeout(this.#late)
  }

  /** Aborts a response that has begun, so that the client notices. */
  breakOff(reason: string, rstCode: number | undefined): void {
    const exchange = this.#exchange
    exchange.brokenOff = reason
    logProblem('response broken off', exchange, exchange.response.statusCode, reason)
    reset(exchange.response, rstCode || constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** Pauses the backend until the client has read what was sent. */
  #hold(controller: Controller): void {
    controller.pause()
    this.#expectReading()
    this.#exchange.response.once('drain', () => {
      clearTimeout(this.#late)
      controller.resume()
    })
  }

  /** Disconnects a client that reads nothing for too long. */
  #expectReading(): void {
    const { takeMs } = this.#exchange
    clearTimeout(this.#late)
    this.#late = setTimeout(
      () => this.breakOff('the client read nothing within timeouts.body', constants.NGHTTP2_CANCEL),
      takeMs,
    )
  }

  #end(last?: Buffer): void {
    const { response, bytes } = this.#exchange
    // Node joins text with the headers, but sends bytes separately, which costs more for short bodies.
    const isAll = last?.length === bytes && bytes <= textBytes && !this.#isHttp2
    if (isAll) response.end(last.toString('latin1'), 'latin1')
    else response.end(last)
    this.isDone = true
    if (response.writableLength > 0) this.#expectReading()
  }
}

/** Aborts a response: an HTTP/2 stream with a code, else the connection. */
function reset(response: Response, rstCode: number): void {
  if (!('stream' in response)) return void response.destroy()
  const { stream } = response as { stream: { close: (code: number) => void } }
  stream.close(rstCode)
}
