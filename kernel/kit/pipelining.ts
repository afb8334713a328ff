import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests that one connection may have open: streams of HTTP/2, or pipelined requests of HTTP/1.1. */
export const openRequests = 128

const waiting = new WeakMap<Socket, number>()

/**
 * Begins a request after those before it on the same connection have their responses. Node begins all at once, so one
 * client could have any number of them. A connection with too many is closed.
 */
export function inTurn(
  { socket, headers }: IncomingMessage,
  response: ServerResponse,
  begin: () => void,
): void {
  // RFC 9112, 9.6: nothing that arrives behind a response that closes the connection is a request.
  if (socket.writableEnded) return
  // After the last request that a connection may have, Node announces its end, but leaves the end to the client. After
  // a declined upgrade Node has lost the bytes that came with it, and would continue to read behind them.
  const { maxRequestsOnConnectionReached: isLast } = response as { maxRequestsOnConnectionReached?: boolean }
  if (isLast === true || headers.upgrade !== undefined) response.shouldKeepAlive = false
  // Node gives a response its socket when it is its turn.
  if (response.socket !== null) return begin()
  const ahead = waiting.get(socket) ?? 0
  if (ahead === openRequests) return void socket.destroy()
  waiting.set(socket, ahead + 1)
  response.once('socket', () => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
    setImmediate(() => {
      if (!socket.destroyed) begin()
    })
  })
}
