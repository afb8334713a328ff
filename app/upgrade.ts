import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import { endToEnd } from './headers.ts'
import type { Passing } from './forward.ts'
import { logProblem } from './log.ts'

/**
 * Passes a WebSocket, or whatever else a client wants to upgrade to, to a backend: after the backend has agreed, bytes
 * go both ways until one side ends. A backend that declines is quoted.
 *
 * @param head what the client sent after its headers
 * @param idleMs after which a connection on which nothing moves is ended
 */
export function upgrade(exchange: Passing, socket: Duplex, head: Buffer, idleMs: number): void {
  const request = exchange.request as IncomingMessage
  const { pool, client, tag, headers } = exchange
  const response = new ServerResponse(request)
  response.assignSocket(socket as never)
  response.shouldKeepAlive = false
  response.once('finish', () => socket.end())
  socket.on('error', () => socket.destroy())
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
      headers,
      upgrade: request.headers.upgrade ?? 'websocket',
    },
    {
      onRequestStart: (controller) => {
        socket.once('close', () => controller.abort(new Error('the client went away')))
      },
      onRequestUpgrade: (_controller, _status, received, backend) => {
        member.served(performance.now() - started, undefined)
        response.detachSocket(socket as never)
        const agreed = Object.entries(endToEnd(received)).flatMap(([name, value]) =>
          [value].flat().map((text) => `${name}: ${text}\r\n`),
        )
        const protocol = String(received.upgrade ?? request.headers.upgrade)
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n${agreed.join('')}\r\n`,
        )
        if (head.length > 0) backend.write(head)
        join(socket, backend, idleMs, () => (counter.inflight -= 1))
      },
      onResponseStart: (_controller, status, received, message) => {
        declined = true
        member.served(performance.now() - started, undefined)
        response.writeHead(status, message, endToEnd(received))
      },
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => {
        counter.inflight -= 1
        response.end()
      },
      onResponseError: (_controller, error) => {
        counter.inflight -= 1
        if (declined || socket.destroyed) {
          socket.destroy()
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
