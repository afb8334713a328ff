import { channel } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { emit } from './event.ts'

/** How long before PID 1's deadline the process ends by itself: what holds it up can then be said. */
const marginMs = 500
const idleCheckMs = 50

/**
 * Answers SIGTERM for an app that does not: servers stop listening, idle connections close, requests in flight
 * are answered with `Connection: close`, then the process ends with status 0. An app with a SIGTERM listener of
 * its own is left to it.
 *
 * @param servers those that listen at any time
 * @param seconds after which PID 1 ends the process
 */
export function drainOnTerminate(servers: ReadonlySet<Server>, seconds: number): void {
  let draining = false
  process.on('SIGTERM', () => {
    if (draining || process.listenerCount('SIGTERM') > 1) return
    draining = true
    drain([...servers], seconds * 1000 - marginMs)
  })
}

function drain(servers: Server[], deadlineMs: number): void {
  emit('shutdown', 'app.draining', { servers: servers.length })
  let open = servers.length
  if (open === 0) process.exit(0)
  closeAfterAnswer()
  for (const server of servers) {
    server.close(() => {
      open -= 1
      if (open === 0) process.exit(0)
    })
  }
  // A connection becomes idle when its answer is sent: it is not closed by Server.close, which came before.
  setInterval(() => servers.forEach(closeIdle), idleCheckMs)
  setTimeout(() => {
    emit('shutdown', 'app.undrained', { connections: sockets().length })
    process.exit(1)
  }, deadlineMs)
}

/** Clients that keep connections alive are told not to send another request. */
function closeAfterAnswer(): void {
  for (const { _httpMessage: answer } of sockets()) {
    if (answer && !answer.headersSent) answer.shouldKeepAlive = false
  }
  channel('http.server.request.start').subscribe((message) => {
    ;(message as { response: ServerResponse }).response.shouldKeepAlive = false
  })
}

type ServerSocket = Socket & { server?: unknown; _httpMessage?: ServerResponse | null }

/**
 * Connections that were accepted. Node has no public list of them; keeping one of our own would cost something
 * for each connection in the machine's life.
 */
function sockets(): ServerSocket[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles?: () => object[] }
  return (_getActiveHandles?.() ?? []).filter(
    (handle): handle is ServerSocket => 'server' in handle && Boolean(handle.server),
  )
}

function closeIdle(server: Server): void {
  if ('closeIdleConnections' in server) (server.closeIdleConnections as () => void)()
}
