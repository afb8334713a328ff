import { randomBytes } from 'node:crypto'
import { type IncomingHttpHeaders, type IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import { type Passing, type Response, watch } from './forward.ts'
import { endToEnd, type Headers } from './headers.ts'
import { logProblem } from './log.ts'

/** A client that asks for another protocol. */
export interface Asking {
  protocol: string
  /** What a backend must be told besides the client's headers. */
  headers: Headers
  /** Says whether the backend agrees. */
  response: Response
  /** Carries the other protocol, once `agree` has been called. */
  stream: Duplex
  /** What the client sent after its headers. */
  head: Buffer
  /** Tells the client that its backend agrees, with these headers. */
  agree: (received: IncomingHttpHeaders) => void
}

/** A client that wants its connection of HTTP/1.1 to be upgraded. */
export function askingHttp1(request: IncomingMessage, stream: Duplex, head: Buffer): Asking {
  const { upgrade: protocol = 'websocket' } = request.headers
  const response = new ServerResponse(request)
  response.assignSocket(stream as Socket)
  response.shouldKeepAlive = false
  response.once('finish', () => stream.end())
  stream.on('error', () => stream.destroy())
  const agree = (received: IncomingHttpHeaders): void => {
    const upgraded = ['connection', 'Upgrade', 'upgrade', received.upgrade ?? protocol]
    response.writeHead(101, [...upgraded, ...endToEnd(received)] as string[]).flushHeaders()
    response.detachSocket(stream as Socket)
  }
  return { protocol, headers: [], response, stream, head, agree }
}

/** A client that wants a WebSocket in a stream of HTTP/2 (RFC 8441); its backend speaks HTTP/1.1, and needs a key. */
export function askingHttp2({ stream }: Http2ServerRequest, http2: Http2ServerResponse): Asking {
  const response = http2 as unknown as Response
  return {
    ...{ protocol: 'websocket', headers: ['sec-websocket-key', randomBytes(16).toString('base64')] },
    ...{ response, stream, head: Buffer.alloc(0) },
    agree(received) {
      const headers = endToEnd({ ...received, 'sec-websocket-accept': undefined })
      response.writeHead(200, headers as string[]).flushHeaders()
    },
  }
}

/**
 * Passes a WebSocket, or whatever else a client wants to upgrade to, to a backend: after the backend has agreed, bytes
 * go both ways until one side ends. A backend that declines is quoted.
 *
 * @param idleMs after which a connection on which nothing moves is ended
 */
export function upgrade(exchange: Passing, asking: Asking, idleMs: number): void {
  const { request, pool, client, tag } = exchange
  const { response, stream, head, protocol } = asking
  const member = pool.pick(client, tag, new Set())
  if (member === undefined) {
    logProblem('no backend', exchange, 503, 'none is up')
    return answer(response, 503)
  }
  const seen = watch(member)
  const headers = [...exchange.headers, ...asking.headers] as string[]
  member.connections.dispatch(
    { path: request.url ?? '/', method: 'GET', headers, upgrade: protocol },
    {
      onRequestStart: (controller) => {
        stream.once('close', () => controller.abort(new Error('the client went away')))
      },
      onRequestUpgrade: (_controller, _status, received, backend) => {
        seen.judge(undefined)
        asking.agree(received)
        if (head.length > 0) backend.write(head)
        join(stream, backend, idleMs, seen.leave)
      },
      onResponseStart: (_controller, status, received) => {
        seen.judge(undefined)
        response.writeHead(status, endToEnd(received) as string[])
      },
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => {
        seen.leave()
        response.end()
      },
      onResponseError: (_controller, error) => {
        seen.leave()
        if (response.headersSent || stream.destroyed) {
          stream.destroy()
          return
        }
        const { code = error.message } = error as NodeJS.ErrnoException
        seen.judge(code)
        logProblem('backend failed', exchange, 502, `${member.address}: ${code}`)
        answer(response, 502)
      },
    },
  )
}

/** Joins two streams both ways; the end of one side ends the other after what is under way has arrived. */
export function join(one: Duplex, other: Duplex, idleMs: number, onEnd: () => void): void {
  let open = 2
  const closed = (): void => {
    open -= 1
    if (open === 0) onEnd()
  }
  for (const stream of [one, other]) {
    if (stream.closed) closed()
    else stream.once('close', closed)
  }
  if (one instanceof Socket && other instanceof Socket && globalThis.nodeos?.relay(one, other, idleMs)) return
  pass(one, other, idleMs)
  pass(other, one, idleMs)
}

/** What `pipeline` of node:stream does, without an AbortController, whose error is dear, for each connection. */
function pass(from: Duplex, to: Duplex, idleMs: number): void {
  const close = (): void => {
    if (!from.readableEnded || !from.writableFinished) to.destroy()
  }
  if ('setTimeout' in from) (from as Socket).setTimeout(idleMs, () => from.destroy())
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause()
  })
  from.on('drain', () => to.resume())
  from.on('end', () => to.end())
  from.on('error', () => from.destroy())
  if (from.closed) close()
  else from.on('close', close)
}
