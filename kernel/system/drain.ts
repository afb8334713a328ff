import type { Cluster } from 'node:cluster'
import { channel } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { Server, type Socket } from 'node:net'
import { emit } from './event.ts'
import type { Reachable } from './servers.ts'

/** The app can subscribe to this channel, to become unhealthy while it drains. */
const draining = channel('nodeos.drain')
/** The process exits this long before init's deadline, to log what held it up. */
const marginMs = 500
const idleCheckMs = 50
/** Idle connections are kept this long, because requests may be in flight. */
const lingerMs = 500

/**
 * Drains on SIGTERM: servers stop listening, responses have `Connection: close`, idle connections are closed, HTTP/2
 * sessions with their last stream; then the process exits with status 0. An app with its own SIGTERM listener drains
 * itself.
 *
 * @param reachable servers and sessions of this process
 * @param seconds after which init kills the process
 */
export function drainOnTerminate(reachable: Reachable, seconds: number): void {
  let begun = false
  process.on('SIGTERM', () => {
    // The channel to the primary must not keep the process of an app that has closed everything.
    process.channel?.unref()
    process.once('beforeExit', () => leave(() => undefined))
    if (begun || process.listenerCount('SIGTERM') > 1) return
    begun = true
    drain(reachable, seconds * 1000 - marginMs)
  })
}

function drain(reachable: Reachable, deadlineMs: number): void {
  const servers = [...reachable.servers]
  emit('shutdown', 'app.draining', { servers: servers.length })
  draining.publish({ deadlineMs })
  let open = servers.length
  if (open === 0) leave(() => process.exit(0))
  closeAfterResponse()
  for (const server of servers) {
    stopListening(server, () => {
      open -= 1
      if (open === 0) leave(() => process.exit(0))
    })
  }
  const closeIdle = (): void => {
    for (const server of servers) closeIdleConnections(server)
    // Clients then send no more requests.
    for (const session of reachable.sessions) session.close()
  }
  setTimeout(() => setInterval(closeIdle, idleCheckMs), lingerMs)
  setTimeout(() => {
    emit('shutdown', 'app.undrained', { connections: sockets().length })
    process.exit(1)
  }, deadlineMs)
}

/** Disconnects from the primary before the end, so that connections in handover go to another worker. */
function leave(end: () => void): void {
  const { worker } = process.getBuiltinModule('node:cluster') as unknown as Cluster
  if (worker === undefined || !process.connected) return end()
  process.channel?.ref()
  process.once('disconnect', end)
  worker.disconnect()
}

/** `close` of an HTTP server would close idle connections at once, and stop checking for slow clients. */
function stopListening(server: Server, done: () => void): void {
  if ('closeIdleConnections' in server) Server.prototype.close.call(server, done)
  else server.close(done)
}

/** Responds with `Connection: close` from now on. */
function closeAfterResponse(): void {
  for (const { _httpMessage: response } of sockets()) {
    if (response && !response.headersSent) response.shouldKeepAlive = false
  }
  channel('http.server.request.start').subscribe((message) => {
    ;(message as { response: ServerResponse }).response.shouldKeepAlive = false
  })
}

type ServerSocket = Socket & { server?: unknown; _httpMessage?: ServerResponse | null }

/** Returns the accepted connections. Node has no public list of them, and our own would slow down each connection. */
function sockets(): ServerSocket[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles?: () => object[] }
  return (_getActiveHandles?.() ?? []).filter(
    (handle): handle is ServerSocket => 'server' in handle && Boolean(handle.server),
  )
}

function closeIdleConnections(server: Server): void {
  if ('closeIdleConnections' in server) (server.closeIdleConnections as () => void)()
}
