import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { answer, type Request, type Response } from '#nodeos/answer'
import { join } from '#nodeos/join'
import { hasBody, TooLarge } from '#nodeos/body'
import type { Turn } from '#nodeos/turns'
import type { Asking } from '#nodeos/upgrade'
import type { Backend } from './backend.ts'
import { type Body, bodyOf, Incomplete } from './body.ts'
import { endToEnd, type Headers } from './headers.ts'
import { logProblem } from './log.ts'
import type { Pool } from './pool.ts'

/** A request on its way to a pool, and its answer on the way back. */
export interface Exchange {
  request: Request
  response: Response
  /** Of a client that wants another protocol than HTTP. */
  asking: Asking | undefined
  pool: Pool
  /** Address of the client. */
  client: string
  headers: Headers
  requestId: string
  /** The backend that the client's cookie asks for. */
  tag: string | undefined
  /** Bytes that a body may have; 0 for no limit. */
  bodyBytes: number
  /** Milliseconds within which the client has to take a part of the response. */
  takeMs: number
  /** Milliseconds after which a connection of another protocol is ended when nothing moves. */
  idleMs: number
  /** The backend that it went to last, and what came back of the body. */
  backend?: string
  bytes: number
}

/** Answers up to this size are sent as text. */
const textBytes = 4096
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
const unavailable = new Set([502, 503, 504])
/** The backend has not seen the request. */
const unseen = new Set([
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'],
  'UND_ERR_CONNECT_TIMEOUT',
])
/** The connection ended without an answer: perhaps it was idle, and closed just when a request went out on it. */
const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const late = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])

/** Sends a request to a backend, and to another one when that fails and trying again is safe; answers in any case. */
export async function forward(exchange: Exchange): Promise<void> {
  const { request, response, asking, bodyBytes } = exchange
  // Most have none, and wait for nothing.
  let body: Body = null
  try {
    if (asking === undefined && hasBody(request)) body = await bodyOf(request, response, bodyBytes)
  } catch (error) {
    if (error instanceof TooLarge) answer(response, 413)
    else if (!(error instanceof Incomplete)) throw error
    return
  }
  new Delivery(exchange, body).attempt()
}

/** One request and its attempts, one after the other. It is its own handler: closures for each would be dear. */
class Delivery implements Dispatcher.DispatchHandler, Turn {
  private readonly exchange: Exchange
  private readonly method: string
  private readonly body: Body
  private readonly tried = new Set<Backend>()
  private repeated = false
  /** The client went away, or has all of its answer. */
  private gone = false
  /** The client has been given all of the answer. */
  private done = false
  /** Bytes of the body that are to come, where the backend has said how many. */
  private left = NaN
  private late: NodeJS.Timeout | undefined
  /** Of the attempt that is under way, or was last. */
  private backend: Backend | undefined
  private controller: Dispatcher.DispatchController | undefined
  private started = 0
  private judged = false
  private isOpen = false

  constructor(exchange: Exchange, body: Body) {
    this.exchange = exchange
    // HTTP/2 asks for a WebSocket by CONNECT.
    this.method = exchange.asking === undefined ? (exchange.request.method ?? '') : 'GET'
    this.body = body
    exchange.response.on('close', () => this.close())
  }

  attempt(): void {
    const { pool, client, tag } = this.exchange
    if (this.gone) return
    const backend = pool.pick(client, tag, this.tried)
    if (backend !== undefined) return this.ask(backend)
    this.refuse('no backend', 503, pool.backends.size === 0 ? 'the pool is empty' : 'none is up')
  }

  private ask(backend: Backend): void {
    this.tried.add(backend)
    this.exchange.backend = backend.address
    this.backend = backend
    this.controller = undefined
    this.started = performance.now()
    this.judged = false
    this.isOpen = true
    backend.counter.inflight += 1
    if (!backend.turns.take(this)) this.tooLate()
  }

  begin(): void {
    const { request, headers, asking } = this.exchange
    const { backend, method, body } = this
    if (this.gone || backend === undefined) return this.leave()
    const options = {
      path: request.url ?? '/',
      method,
      headers: headers as string[],
      body: body as Exclude<Body, AsyncIterable<Buffer>>,
      upgrade: asking?.protocol ?? null,
      // Undici would make one of the client's Host: in TLS the backend has a name of its own.
      servername: backend.host,
    }
    backend.connections.dispatch(options, this)
  }

  tooLate(): void {
    this.forget()
    if (this.mayRetry(true) && this.hasOther()) return this.attempt()
    this.refuse('backend busy', 503, `${this.backend?.address}: all connections are taken`)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.gone) controller.abort(new Error('the client went away'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: IncomingHttpHeaders,
    message?: string,
  ): void {
    // Early hints and the like: the answer is still to come.
    if (status < 200) return
    const problem = unavailable.has(status) ? `answers ${status}` : undefined
    this.judge(problem)
    if (problem === undefined || !this.mayRetry(false) || !this.hasOther())
      return this.start(controller, status, received, message)
    this.abandon(controller, problem)
    this.attempt()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.exchange.bytes += chunk.length
    this.left -= chunk.length
    if (this.gone) return
    // The last of the body travels with the end, and a small one with the headers.
    if (this.left === 0) this.end(chunk)
    else if (!this.exchange.response.write(chunk)) this.hold(controller)
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (!this.gone && !this.done) {
      if (Object.keys(trailers).length > 0) this.exchange.response.addTrailers(trailers)
      this.end()
    }
    this.leave()
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    _status: number,
    received: IncomingHttpHeaders,
    stream: Duplex,
  ): void {
    const { backend, exchange } = this
    if (backend === undefined || exchange.asking === undefined) return
    this.judge(undefined)
    try {
      exchange.asking.agree(received.upgrade, this.headersFor(backend, received))
    } catch (error) {
      this.isBad(controller, error as Error)
      return void stream.destroy()
    }
    this.done = true
    this.isOpen = false
    backend.turns.free()
    join(exchange.asking.stream, stream, exchange.idleMs, () => (backend.counter.inflight -= 1))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.isOpen) return
    this.leave()
    const { response } = this.exchange
    if (this.gone || this.done) return
    if (error instanceof TooLarge) return answer(response, 413)
    if (response.headersSent) return void response.destroy()
    this.failed(error)
  }

  /** No answer came. */
  private failed(error: NodeJS.ErrnoException): void {
    const { backend } = this
    const { code = error.message } = error
    const again = this.mayRetry(unseen.has(code))
    const elsewhere = again && this.hasOther()
    if (again && !elsewhere && backend !== undefined && closed.has(code) && !this.repeated) {
      this.repeated = true
      return this.ask(backend)
    }
    this.judge(code)
    if (elsewhere) return this.attempt()
    this.refuse('backend failed', late.has(code) ? 504 : 502, `${backend?.address}: ${code}`)
  }

  private refuse(event: string, status: number, reason: string): void {
    logProblem(event, this.exchange, status, reason)
    answer(this.exchange.response, status)
  }

  /** The backend answered, or failed for a reason of its own; counts once for each attempt. */
  private judge(problem: string | undefined): void {
    if (!this.judged) this.backend?.served(performance.now() - this.started, problem)
    this.judged = true
  }

  /** The attempt is over; counts once. */
  private leave(): void {
    if (this.forget()) this.backend?.turns.free()
  }

  /** The attempt is no longer in flight. @returns whether it was */
  private forget(): boolean {
    if (!this.isOpen || this.backend === undefined) return false
    this.isOpen = false
    this.backend.counter.inflight -= 1
    return true
  }

  /** The attempt is over, whatever its backend still says. */
  private abandon(controller: Dispatcher.DispatchController, reason: string): void {
    this.leave()
    controller.abort(new Error(reason))
  }

  /** The client has all of its answer, or went away. */
  private close(): void {
    this.gone = true
    clearTimeout(this.late)
    // An error is dear for its stack, and each answer ends with this event.
    if (this.done) return
    if (this.isOpen && this.backend?.turns.withdraw(this)) this.forget()
    else this.controller?.abort(new Error('the client went away'))
  }

  /** Whether another attempt does nothing twice: the backend has not seen this one, or twice is as good as once. */
  private mayRetry(notSeen: boolean): boolean {
    const replayable = this.body === null || Buffer.isBuffer(this.body)
    const safe = replayable && !this.gone && (notSeen || idempotent.has(this.method))
    return safe && this.tried.size <= this.exchange.pool.config.retries
  }

  private hasOther(): boolean {
    return this.exchange.pool.hasOther(this.tried)
  }

  private start(
    controller: Dispatcher.DispatchController,
    status: number,
    received: IncomingHttpHeaders,
    message?: string,
  ): void {
    const { backend, exchange } = this
    if (backend === undefined) return
    this.left = Number(received['content-length'] ?? NaN)
    try {
      const headers = this.headersFor(backend, received) as string[]
      // HTTP/2 has no words for a status.
      if (exchange.request.httpVersionMajor < 2) exchange.response.writeHead(status, message, headers)
      else exchange.response.writeHead(status, headers)
    } catch (error) {
      this.isBad(controller, error as Error)
    }
  }

  /** What a backend's answer tells the client, and the cookie that brings it back. */
  private headersFor(backend: Backend, received: IncomingHttpHeaders): Headers {
    const { pool, tag } = this.exchange
    const { sticky } = pool.config
    const headers = endToEnd(received)
    if (sticky === undefined || tag === backend.tag) return headers
    const cookie = `${sticky}=${backend.tag}; Path=/; HttpOnly; SameSite=Lax`
    const set = headers.indexOf('set-cookie')
    if (set < 0) headers.push('set-cookie', cookie)
    else headers[set + 1] = [headers[set + 1] ?? [], cookie].flat()
    return headers
  }

  /** Nothing that a client could be sent. */
  private isBad(controller: Dispatcher.DispatchController, { message }: Error): void {
    const { request, response } = this.exchange
    // Node has kept the words that it then refused.
    if (request.httpVersionMajor < 2) response.statusMessage = ''
    this.refuse('bad response', 502, `${this.backend?.address}: ${message}`)
    this.done = true
    this.abandon(controller, message)
  }

  /** Lets the backend wait until the client has taken what there is. */
  private hold(controller: Dispatcher.DispatchController): void {
    controller.pause()
    this.expectTaking()
    this.exchange.response.once('drain', () => {
      clearTimeout(this.late)
      controller.resume()
    })
  }

  /** A client that does not take what there is in time is cut off. */
  private expectTaking(): void {
    const { response, takeMs } = this.exchange
    clearTimeout(this.late)
    this.late = setTimeout(() => response.destroy(), takeMs)
  }

  private end(last?: Buffer): void {
    const { response, request, bytes } = this.exchange
    // Node joins text to the headers, and bytes only in a list for the kernel, which is dearer where there are few.
    const isAll = last?.length === bytes && bytes <= textBytes && request.httpVersionMajor < 2
    if (isAll) response.end(last.toString('latin1'), 'latin1')
    else response.end(last)
    this.done = true
    if (response.writableLength > 0) this.expectTaking()
  }
}
