import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { sendStatus } from '#nodeos/response'
import { hasBody, TooLarge } from '#nodeos/body'
import { joinStreams } from '#nodeos/join-streams'
import type { Job } from '#nodeos/concurrency'
import type { Backend } from './backend.ts'
import { type Body, bodyOf, Incomplete, isReplayable, release } from './body.ts'
import { type Controller, type Handler, isClosed, isLate, isUnseen, reasonOf } from './connections.ts'
import { type Exchange, logProblem } from './exchange.ts'
import { type Headers, responseHeaders } from './headers.ts'
import { Reply } from './reply.ts'

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
const unavailable = new Set([502, 503, 504])

/** Sends a request to a backend, retries on another one if that is safe, and responds in any case. */
export async function forward(exchange: Exchange): Promise<void> {
  const { request, response, asking, bodyBytes, pool } = exchange
  // Most requests have no body and continue at once.
  let body: Body = null
  try {
    if (asking === undefined && hasBody(request))
      body = await bodyOf(request, response, bodyBytes, pool.isHttp2)
  } catch (error) {
    if (error instanceof TooLarge) sendStatus(response, 413)
    else if (!(error instanceof Incomplete)) throw error
    return
  }
  new Delivery(exchange, body).attempt()
}

/** One request and its attempts, one after the other. It is its own handler: closures would cost more. */
class Delivery implements Handler, Job {
  readonly #exchange: Exchange
  readonly #reply: Reply
  readonly #method: string
  readonly #body: Body
  readonly #tried = new Set<Backend>()
  #repeated = false
  /** State of the current or last attempt. */
  #backend: Backend | undefined
  #controller: Controller | undefined
  #started = 0
  #judged = false
  /** The response was a failure of the backend, even if it ends well. */
  #isFailure = false
  #isOpen = false

  constructor(exchange: Exchange, body: Body) {
    this.#exchange = exchange
    this.#reply = new Reply(exchange)
    // HTTP/2 requests a WebSocket with CONNECT.
    this.#method = exchange.asking === undefined ? (exchange.request.method ?? '') : 'GET'
    this.#body = body
    exchange.response.on('close', () => this.#close())
  }

  attempt(): void {
    const { pool, client, tag } = this.#exchange
    if (this.#reply.isGone) return
    const backend = pool.pick(client, tag, this.#tried)
    if (backend !== undefined) return this.#ask(backend)
    this.#refuse(
      'no backend',
      503,
      pool.backends.size === 0 ? 'the pool has no backends' : 'no backend is up',
    )
  }

  #ask(backend: Backend): void {
    this.#tried.add(backend)
    this.#exchange.backend = backend.address
    this.#backend = backend
    this.#controller = undefined
    this.#started = performance.now()
    this.#judged = false
    this.#isFailure = false
    this.#isOpen = true
    backend.counter.inflight += 1
    if (!backend.turns.take(this)) this.tooLate()
  }

  begin(): void {
    const { request, headers, asking } = this.#exchange
    const backend = this.#backend
    const body = this.#body
    if (this.#reply.isGone || backend === undefined) return this.#leave()
    const { url: path = '/' } = request
    const upgrade = asking?.protocol ?? null
    const hasTrailers = request.headers.trailer !== undefined && body !== null && !Buffer.isBuffer(body)
    const trailers = (): IncomingHttpHeaders => request.trailers
    backend.connections.dispatch(
      { path, method: this.#method, headers, body, upgrade, hasTrailers, trailers },
      this,
    )
  }

  tooLate(): void {
    this.#forget()
    if (this.#mayRetry(true) && this.#hasOther()) return this.attempt()
    this.#refuse('backend busy', 503, `${this.#backend?.address}: all connections are in use`)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#reply.isGone) controller.abort(new Error('the client disconnected'))
  }

  onResponseStart(
    controller: Controller,
    status: number,
    received: IncomingHttpHeaders,
    message?: string,
  ): void {
    if (status < 200) return this.#reply.inform(status, received)
    const problem = unavailable.has(status) ? `responded with ${status}` : undefined
    this.#judge(problem)
    if (problem === undefined || !this.#mayRetry(false) || !this.#hasOther())
      return this.#start(controller, status, received, message)
    this.#abandon(controller, problem)
    this.attempt()
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#reply.write(controller, chunk)
  }

  onResponseEnd(_controller: Controller, trailers: IncomingHttpHeaders): void {
    this.#reply.finish(trailers)
    if (!this.#isFailure) this.#backend?.completed()
    this.#leave()
  }

  onRequestUpgrade(
    controller: Controller,
    _status: number,
    received: IncomingHttpHeaders,
    stream: Duplex,
  ): void {
    const backend = this.#backend
    const exchange = this.#exchange
    if (backend === undefined || exchange.asking === undefined) return
    this.#judge(undefined)
    try {
      exchange.asking.agree(received.upgrade, this.#withCookie(responseHeaders(received), backend))
    } catch (error) {
      this.#isBad(controller, error as Error)
      return void stream.destroy()
    }
    this.#reply.isDone = true
    exchange.isUpgraded = true
    this.#isOpen = false
    backend.turns.free()
    backend.completed()
    joinStreams(exchange.asking.stream, stream, exchange.idleMs, () => (backend.counter.inflight -= 1))
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (!this.#isOpen) return
    this.#leave()
    const backend = this.#backend
    const reply = this.#reply
    const { response } = this.#exchange
    if (reply.isGone || reply.isDone) return
    if (!response.headersSent) {
      if (error instanceof TooLarge) return sendStatus(response, 413)
      if (error instanceof Incomplete) return void response.destroy()
      return this.#failed(error)
    }
    // A client that sends too much or too little is not a failure of the backend.
    const isClients = error instanceof TooLarge || error instanceof Incomplete
    const reason = isClients ? error.message : `${backend?.address}: ${reasonOf(error)}`
    if (!isClients) backend?.brokeOff(reasonOf(error))
    reply.breakOff(reason, (error as { rstCode?: number }).rstCode)
  }

  /** Handles an attempt without a response. */
  #failed(error: NodeJS.ErrnoException): void {
    const backend = this.#backend
    const again = this.#mayRetry(isUnseen(error))
    const elsewhere = again && this.#hasOther()
    if (again && !elsewhere && backend !== undefined && isClosed(error) && !this.#repeated) {
      this.#repeated = true
      return this.#ask(backend)
    }
    const reason = reasonOf(error)
    this.#judge(reason)
    if (elsewhere) return this.attempt()
    this.#refuse('backend failed', isLate(error) ? 504 : 502, `${backend?.address}: ${reason}`)
  }

  #refuse(event: string, status: number, reason: string): void {
    logProblem(event, this.#exchange, status, reason)
    sendStatus(this.#exchange.response, status)
  }

  /** Records the result of the attempt, once. */
  #judge(problem: string | undefined): void {
    if (!this.#judged) this.#backend?.served(performance.now() - this.#started, problem)
    this.#judged = true
    this.#isFailure ||= problem !== undefined
  }

  /** Ends the attempt and frees its slot, once. */
  #leave(): void {
    if (this.#forget()) this.#backend?.turns.free()
  }

  /** Marks the attempt as no longer in flight. @returns whether it was */
  #forget(): boolean {
    if (!this.#isOpen || this.#backend === undefined) return false
    this.#isOpen = false
    this.#backend.counter.inflight -= 1
    return true
  }

  /** Ends the attempt and ignores what its backend still sends. */
  #abandon(controller: Controller, reason: string): void {
    this.#leave()
    controller.abort(new Error(reason))
  }

  /** Handles the end of the response or of the client. */
  #close(): void {
    this.#reply.close()
    // Every response ends with this event, and the stack of an Error is expensive.
    if (this.#reply.isDone) return
    if (this.#isOpen && this.#backend?.turns.withdraw(this)) this.#forget()
    else this.#controller?.abort(new Error('the client disconnected'))
  }

  /** Whether a retry is safe: the backend has not received the request, or the request is idempotent. */
  #mayRetry(notSeen: boolean): boolean {
    const safe = !this.#reply.isGone && (notSeen || idempotent.has(this.#method)) && isReplayable(this.#body)
    return safe && this.#tried.size <= this.#exchange.pool.config.retries
  }

  #hasOther(): boolean {
    return this.#exchange.pool.hasOther(this.#tried)
  }

  #start(
    controller: Controller,
    status: number,
    received: IncomingHttpHeaders,
    message: string | undefined,
  ): void {
    const backend = this.#backend
    const exchange = this.#exchange
    if (backend === undefined) return
    release(this.#body)
    const { isHttp2 } = exchange.pool
    // Over HTTP/2, trailers may follow a body of known length.
    if (!isHttp2) this.#reply.expect(received['content-length'])
    try {
      const headers = this.#withCookie(responseHeaders(received, status, exchange.request), backend)
      this.#reply.start(
        status,
        headers,
        message,
        isHttp2 && (controller as { isWhole?: boolean }).isWhole === true,
      )
    } catch (error) {
      this.#isBad(controller, error as Error)
    }
  }

  /** Adds the cookie that returns the client to the same backend. */
  #withCookie(headers: Headers, backend: Backend): Headers {
    const { pool, tag } = this.#exchange
    const { sticky } = pool.config
    if (sticky === undefined || tag === backend.tag) return headers
    const cookie = `${sticky}=${backend.tag}; Path=/; HttpOnly; SameSite=Lax`
    const set = headers.indexOf('set-cookie')
    if (set < 0) headers.push('set-cookie', cookie)
    else headers[set + 1] = [headers[set + 1] ?? [], cookie].flat()
    return headers
  }

  /** Handles a response that cannot be sent to a client. */
  #isBad(controller: Controller, { message }: Error): void {
    const { request, response } = this.#exchange
    // Node keeps what it rejected: the reason phrase, or the headers.
    if (request.httpVersionMajor < 2) response.statusMessage = ''
    else for (const name of response.getHeaderNames()) response.removeHeader(name)
    this.#backend?.brokeOff(message)
    this.#refuse('bad response', 502, `${this.#backend?.address}: ${message}`)
    this.#reply.isDone = true
    this.#abandon(controller, message)
  }
}
