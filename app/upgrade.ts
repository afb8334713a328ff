import { randomBytes } from 'node:crypto'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import type { Passing, Response } from './forward.ts'
import { endToEnd, type Headers } from './headers.ts'
import { logProblem } from './log.ts'

/** A client that asks for another protocol. */
export interface Asking {
  protocol: string
  /** What a backend must be told besides the client's headers. */
  headers: Headers
  /** For backends that decline. */
  response: Response
  /** Carries the other protocol, once `agree` has been called. */
  stream: Duplex
  /** What the client sent after its headers. */
  head: Buffer
  /** Tells the client that its backend agrees, with these headers. */
  agree: (headers: Headers, protocol: string) => void
}

/** A client that wants its connection of HTTP/1.1 to be upgraded. */
export function askingHttp1(request: IncomingMessage, stream: Duplex, head: Buffer): Asking {
  const response = new ServerResponse(request)
  response.assignSocket(stream as never)
  response.shouldKeepAlive = false
  response.once('finish', () => stream.end())
  stream.on('error', () => stream.destroy())
  const agree = (headers: Headers, protocol: string): void => {
    response.detachSocket(stream as never)
    const lines = pairs(headers).flatMap(([name, value]) =>
      [value].flat().map((text) => `${name}: ${text}\r\n`),
    )
    const first = `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n`
    stream.write(`${first}${lines.join('')}\r\n`)
  }
  return { protocol: request.headers.upgrade ?? 'websocket', headers: [], response, stream, head, agree }
}

/** A client that wants a WebSocket in a stream of HTTP/2 (RFC 8441); its backend speaks HTTP/1.1, and needs a key. */
export function askingHttp2({ stream }: Http2ServerRequest, response: Http2ServerResponse): Asking {
  return {
    ...{ protocol: 'websocket', headers: ['sec-websocket-key', randomBytes(16).toString('base64')] },
    ...{ response: response as unknown as Response, stream, head: Buffer.alloc(0) },
    agree: (headers) =>
      stream.respond({
        ':status': 200,
        ...Object.fromEntries(pairs(headers)),
        'sec-websocket-accept': undefined,
      }),
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
  const { response, stream, head } = asking
  const member = pool.pick(client, tag, new Set())
  if (member === undefined) {
    logProblem('no backend', exchange, 503, 'none is up')
    return answer(response, 503)
  }
  const started = performance.now()
  const { counter } = member
  counter.inflight += 1
  let declined = false
  member.connections.dispatch(
    {
      path: request.url ?? '/',
      method: 'GET',
      headers: [...exchange.headers, ...asking.headers] as string[],
      upgrade: asking.protocol,
    },
    {
      onRequestStart: (controller) => {
        stream.once('close', () => controller.abort(new Error('the client went away')))
      },
      onRequestUpgrade: (_controller, _status, received, backend) => {
        member.served(performance.now() - started, undefined)
        asking.agree(endToEnd(received), String(received.upgrade ?? asking.protocol))
        if (head.length > 0) backend.write(head)
        join(stream, backend, idleMs, () => (counter.inflight -= 1))
      },
      onResponseStart: (_controller, status, received) => {
        declined = true
        member.served(performance.now() - started, undefined)
        response.writeHead(status, endToEnd(received) as string[])
      },
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => {
        counter.inflight -= 1
        response.end()
      },
      onResponseError: (_controller, error) => {
        counter.inflight -= 1
        if (declined || stream.destroyed) {
          stream.destroy()
          return
        }
        const { code = error.message } = error as NodeJS.ErrnoException
        member.served(performance.now() - started, code)
        logProblem('backend failed', exchange, 502, `${member.address}: ${code}`)
        answer(response, 502)
      },
    },
  )
}

function pairs(headers: Headers): [string, string | string[]][] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name as string, headers[index + 1] ?? ''] as [string, string | string[]]] : [],
  )
}

/** Joins two streams both ways; the end of one side ends the other after what is under way has arrived. */
export function join(one: Duplex, other: Duplex, idleMs: number, onEnd: () => void): void {
  let open = 2
  const closed = (): void => {
    open -= 1
    if (open === 0) onEnd()
  }
  pass(one, other, idleMs, closed)
  pass(other, one, idleMs, closed)
}

/** What `pipeline` of node:stream does, without an AbortController, whose error is dear, for each connection. */
function pass(from: Duplex, to: Duplex, idleMs: number, onClose: () => void): void {
  const close = (): void => {
    if (!from.readableEnded || !from.writableFinished) to.destroy()
    onClose()
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
