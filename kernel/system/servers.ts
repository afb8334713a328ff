import { channel } from 'node:diagnostics_channel'
import type { ServerHttp2Session } from 'node:http2'
import type { Server } from 'node:net'

/** What clients can reach in this process. */
export interface Reachable {
  servers: ReadonlySet<Server>
  /** Of HTTP/2: they outlive their requests, and Node has no public list of them. */
  sessions: ReadonlySet<ServerHttp2Session>
}

/**
 * Follows which servers of this process listen, in the order in which they began to. Node announces them on a
 * diagnostics channel: nothing is wrapped, and a request costs nothing.
 *
 * @param onListening is told the port of each, or the path of a Unix socket
 */
export function watchServers(onListening?: (place: number | string) => void): Reachable {
  const servers = new Set<Server>()
  const sessions = new Set<ServerHttp2Session>()
  channel('tracing:net.server.listen:asyncEnd').subscribe((message) => {
    const { server } = message as { server?: Server }
    if (server === undefined || servers.has(server)) return
    servers.add(server)
    server.once('close', () => servers.delete(server))
    server.on('session', (session: ServerHttp2Session) => {
      sessions.add(session)
      session.once('close', () => sessions.delete(session))
    })
    const address = server.address()
    if (address !== null) onListening?.(typeof address === 'string' ? address : address.port)
  })
  return { servers, sessions }
}
