import type { IncomingHttpHeaders } from 'node:http'
import { constants } from 'node:http2'
import type { Response } from '#nodeos/answer'
import type { Controller } from './connections.ts'
import { type Exchange, logProblem } from './exchange.ts'
import { endToEnd, type Headers, trailersOf } from './headers.ts'

/** Bodies up to this size are sent as text. */
const textBytes = 4096

/** The response to a client while its backend sends it. */
export class Reply {
  /** The client disconnected, or has its whole response. */
  isGone = false
  /** The client's response has been written. */
  isDone = false
  readonly #exchange: Exchange
  readonly #isHttp2: boolean
  /** Bytes of the body that are still to come, if the backend has declared how many. */
  #left = NaN
  #late: NodeJS.Timeout | undefined
  /** A 205 has no body, and HTTP/2 rejects one (RFC 9110, 15.3.6). */
  #hasNoBody = false

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.#isHttp2 = exchange.request.httpVersionMajor > 1
  }

  /** An informational response, which may come any number of times: 102, 103 and what there will be. */
  inform(status: number, received: IncomingHttpHeaders): void {
    const { request, response } = this.#exchange
    // Clients of HTTP/1.0 do not know them, and 101 and 100 are of one connection only (RFC 9110, 15.2).
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
      // It is only a hint: one with an invalid header is left out.
    }
  }

  /** Begins the response. @throws when the client cannot be sent such a one */
  start(status: number, headers: Headers, message: string | undefined, isWhole: boolean): void {
    const { response } = this.#exchange
    this.#hasNoBody = status === 205
    if (!this.#isHttp2) return void response.writeHead(status, message, headers as string[])
    if (!isWhole) return void response.writeHead(status, headers as string[])
    // What ends with its headers, such as an error of gRPC, must end so here, too.
    for (let index = 0; index < headers.length; index += 2)
      response.setHeader(headers[index] as string, headers[index + 1] ?? '')
    response.statusCode = status
    this.#end()
  }

  /** Bytes of a body that are to come, after which the response is complete. */
  expect(length: string | undefined): void {
    this.#left = Number(length ?? NaN)
  }

  write(controller: Controller, chunk: Buffer): void {
    if (this.isGone || this.#hasNoBody) return
    this.#exchange.bytes += chunk.length
    this.#left -= chunk.length
    // The last of the body is sent with the end, and a short one with the headers.
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

  /** Ends a response that has begun before it is complete, so that the client notices. */
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

  /** A client that reads nothing for too long is disconnected. */
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
    // Node joins text to the headers, and bytes only in a list for the kernel, which costs more for short ones.
    const isAll = last?.length === bytes && bytes <= textBytes && !this.#isHttp2
    if (isAll) response.end(last.toString('latin1'), 'latin1')
    else response.end(last)
    this.isDone = true
    if (response.writableLength > 0) this.#expectReading()
  }
}

/** Ends a response: a stream of HTTP/2 with a code, else the connection. */
function reset(response: Response, rstCode: number): void {
  if (!('stream' in response)) return void response.destroy()
  const { stream } = response as { stream: { close: (code: number) => void } }
  stream.close(rstCode)
}
