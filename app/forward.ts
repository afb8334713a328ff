import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { type Body, bodyOf, hasBody, Incomplete, type Request, TooLarge } from './body.ts'
import { endToEnd, type Headers } from './headers.ts'
import { answer } from './answer.ts'
import { logProblem } from './log.ts'
import type { Member, Pool } from './pool.ts'

/** One of HTTP/2 behaves as one of HTTP/1. */
export type Response = ServerResponse

/** A request on its way to a pool. */
export interface Passing {
  request: Request
  pool: Pool
  /** Address of the client. */
  client: string
  headers: Headers
  requestId: string
  /** The backend that the client's cookie asks for. */
  tag: string | undefined
}

/** One that is to be answered. */
export interface Exchange extends Passing {
  response: Response
  /** Bytes that a body may have; 0 for no limit. */
  bodyBytes: number
  /** Milliseconds within which the client has to take a part of the response. */
  takeMs: number
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
  // Most have none, and wait for nothing.
  let body: Body = null
  try {
    if (hasBody(exchange.request)) body = await bodyOf(exchange.request, exchange.bodyBytes)
  } catch (error) {
    if (error instanceof TooLarge) answer(exchange.response, 413)
    else if (!(error instanceof Incomplete)) throw error
    return
  }
  new Delivery(exchange, body).attempt()
}

/** One request and its attempts. */
class Delivery {
  private readonly exchange: Exchange
  private readonly body: Body
  private readonly tried = new Set<Member>()
  private gone = false
  private repeated = false
  /** The client has been given all of the answer. */
  private done = false
  /** Bytes of the body that are to come, where the backend has said how many. */
  private left = NaN
  private controller: Dispatcher.DispatchController | undefined
  private late: NodeJS.Timeout | undefined

  constructor(exchange: Exchange, body: Body) {
    this.exchange = exchange
    this.body = body
    exchange.response.on('close', () => {
      this.gone = true
      clearTimeout(this.late)
      // An error is dear for its stack, and each answer ends with this event.
      if (!this.done) this.controller?.abort(new Error('the client went away'))
    })
  }

  attempt(): void {
    const { pool, client, tag, response } = this.exchange
    if (this.gone) return
    const member = pool.pick(client, tag, this.tried)
    if (member === undefined) {
      logProblem(
        'no backend',
        this.exchange,
        503,
        pool.members.size === 0 ? 'the pool is empty' : 'none is up',
      )
      answer(response, 503)
      return
    }
    this.tried.add(member)
    this.exchange.backend = member.address
    this.send(member)
  }

  private send(member: Member): void {
    const { request, headers, response, pool } = this.exchange
    const seen = watch(member)
    let abandoned = false
    const options = {
      path: request.url ?? '/',
      method: request.method as Dispatcher.HttpMethod,
      headers: headers as string[],
      body: this.body as Exclude<Dispatcher.DispatchOptions['body'], undefined>,
      // The name that TLS asks for is the Host's; without TLS nobody asks, and it need not be found out.
      servername: pool.config.protocol === 'https' ? '' : member.host,
    }
    member.connections.dispatch(options, {
      onRequestStart: (controller) => {
        this.controller = controller
        if (this.gone) controller.abort(new Error('the client went away'))
      },
      onResponseStart: (controller, status, received, message) => {
        const problem = unavailable.has(status) ? `answers ${status}` : undefined
        seen.judge(problem)
        if (problem === undefined || !this.mayRetry(false)) {
          this.begin(member, status, received, message)
          return
        }
        abandoned = true
        controller.abort(new Error(problem))
        this.attempt()
      },
      onResponseData: (controller, chunk) => {
        this.exchange.bytes += chunk.length
        this.left -= chunk.length
        if (this.gone) return
        // The last of the body travels with the end, and a small one with the headers.
        if (this.left === 0) this.end(chunk)
        else if (!response.write(chunk)) this.hold(controller)
      },
      onResponseEnd: (_controller, trailers) => {
        seen.leave()
        if (this.gone || this.done) return
        if (Object.keys(trailers).length > 0) response.addTrailers(trailers)
        this.end()
      },
      onResponseError: (_controller, error) => {
        seen.leave()
        if (abandoned || this.gone || this.done) return
        if (error instanceof TooLarge) return answer(response, 413)
        if (response.headersSent) return void response.destroy()
        this.failed(member, error, seen)
      },
    })
  }

  /** No answer came. */
  private failed(member: Member, error: NodeJS.ErrnoException, seen: Watch): void {
    const { code = error.message } = error
    const elsewhere = this.mayRetry(unseen.has(code))
    if (!elsewhere && closed.has(code) && this.mayRepeat()) return this.send(member)
    seen.judge(code)
    if (elsewhere) return this.attempt()
    const status = late.has(code) ? 504 : 502
    logProblem('backend failed', this.exchange, status, `${member.address}: ${code}`)
    answer(this.exchange.response, status)
  }

  /** Whether another backend can be tried, and nothing is done twice that must not be. */
  private mayRetry(notSeen: boolean): boolean {
    const { pool } = this.exchange
    if (this.tried.size > pool.config.retries || !this.isSafe(notSeen)) return false
    return [...pool.members.values()].some((member) => !this.tried.has(member) && member.state === 'up')
  }

  /** Whether the same backend can be asked once more, on another connection. */
  private mayRepeat(): boolean {
    if (this.repeated || this.tried.size > this.exchange.pool.config.retries || !this.isSafe(false))
      return false
    this.repeated = true
    return true
  }

  /** Whether another attempt cannot do anything twice: the backend has not seen it, or twice is as good as once. */
  private isSafe(notSeen: boolean): boolean {
    const replayable = this.body === null || Buffer.isBuffer(this.body)
    return replayable && !this.gone && (notSeen || idempotent.has(this.exchange.request.method ?? ''))
  }

  private begin(member: Member, status: number, received: IncomingHttpHeaders, message?: string): void {
    const { response, pool, tag, request } = this.exchange
    this.left = Number(received['content-length'] ?? NaN)
    const { sticky } = pool.config
    if (sticky !== undefined && tag !== member.tag) {
      const cookie = `${sticky}=${member.tag}; Path=/; HttpOnly; SameSite=Lax`
      received = { ...received, 'set-cookie': [...(received['set-cookie'] ?? []), cookie] }
    }
    const headers = endToEnd(received)
    try {
      // HTTP/2 has no words for a status.
      if (request.httpVersionMajor < 2) response.writeHead(status, message, headers as string[])
      else response.writeHead(status, headers as string[])
    } catch (error) {
      logProblem('bad response', this.exchange, 502, `${member.address}: ${(error as Error).message}`)
      answer(response, 502)
      this.controller?.abort(error as Error)
    }
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

/** What a backend makes of one attempt. */
export interface Watch {
  /** It answered, or failed for a reason of its own; counts once. */
  judge: (problem: string | undefined) => void
  /** The attempt is over; counts once. */
  leave: () => void
}

export function watch(member: Member): Watch {
  const started = performance.now()
  let [judged, left] = [false, false]
  member.counter.inflight += 1
  return {
    judge(problem) {
      if (!judged) member.served(performance.now() - started, problem)
      judged = true
    },
    leave() {
      if (!left) member.counter.inflight -= 1
      left = true
    },
  }
}
