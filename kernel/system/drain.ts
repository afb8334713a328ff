import type { Cluster } from 'node:cluster'
import { channel } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { Server, type Socket } from 'node:net'
import { emit } from './event.ts'
import type { Reachable } from './servers.ts'

/** Told on this diagnostics channel, an app can say that it is not well any more. */
const draining = channel('nodeos.drain')
/** How long before PID 1's deadline the process ends by itself: what holds it up can then be said. */
const marginMs = 500
const idleCheckMs = 50
/** A client may have sent a request that has not come yet: until then connections are not closed for being idle. */
const lingerMs = 500

/**
 * Answers SIGTERM for an app that does not: servers stop listening, requests are answered with
 * `Connection: close`, connections that stay idle close, sessions of HTTP/2 with their last stream, then the process
 * ends with status 0. An app with a SIGTERM listener of its own is left to it.
 *
 * @param reachable what clients can reach at any time
 * @param seconds after which PID 1 ends the process
 */
export function drainOnTerminate(reachable: Reachable, seconds: number): void {
  let begun = false
  process.on('SIGTERM', () => {
    // An app that closes what it has opened ends; the channel to the primary must not keep it.
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
  closeAfterAnswer()
  for (const server of servers) {
    stopListening(server, () => {
      open -= 1
      if (open === 0) leave(() => process.exit(0))
    })
  }
  const closeIdle = (): void => {
    for (const server of servers) closeIdleConnections(server)
    // Their clients are told to send nothing more.
    for (const session of reachable.sessions) session.close()
  }
  setTimeout(() => setInterval(closeIdle, idleCheckMs), lingerMs)
  setTimeout(() => {
    emit('shutdown', 'app.undrained', { connections: sockets().length })
    process.exit(1)
  }, deadlineMs)
}

/**
 * Takes leave of the primary, where there is one: a connection that it was handing over goes to another worker
 * then. It would be lost, and not even closed, with a process that just ends.
 */
function leave(end: () => void): void {
  const { worker } = process.getBuiltinModule('node:cluster') as unknown as Cluster
  if (worker === undefined || !process.connected) return end()
  process.channel?.ref()
  process.once('disconnect', end)
  worker.disconnect()
}

/** The `close` of an HTTP server would close idle connections at once, and look after slow clients no more. */
function stopListening(server: Server, done: () => void): void {
  if ('closeIdleConnections' in server) Server.prototype.close.call(server, done)
  else server.close(done)
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

function closeIdleConnections(server: Server): void {
  if ('closeIdleConnections' in server) (server.closeIdleConnections as () => void)()
}
