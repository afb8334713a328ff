import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests that one connection may have open: streams of HTTP/2, or requests of HTTP/1.1 that wait for their turn. */
export const openRequests = 128

const waiting = new WeakMap<Socket, number>()

/**
 * Begins a request when those that came before it on the same connection are answered. Node begins all at once, and
 * one client could have any number of them. A connection with too many is ended.
 */
export function inTurn(
  { socket, headers }: IncomingMessage,
  response: ServerResponse,
  begin: () => void,
): void {
  // After the last that a connection may have Node says that it ends, and leaves that to the client. Of an upgrade
  // that is not made it forgets what came with it, and would go on reading somewhere behind that.
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
