import { channel } from 'node:diagnostics_channel'
import type { Server } from 'node:net'

/**
 * Follows which servers of this process listen, in the order in which they began to. Node announces them on a
 * diagnostics channel: nothing is wrapped, and a request costs nothing.
 *
 * @param onListening is told the port of each, or the path of a Unix socket
 */
export function watchServers(onListening?: (place: number | string) => void): Set<Server> {
  const listening = new Set<Server>()
  channel('tracing:net.server.listen:asyncEnd').subscribe((message) => {
    const { server } = message as { server?: Server }
    if (server === undefined || listening.has(server)) return
    listening.add(server)
    server.once('close', () => listening.delete(server))
    const address = server.address()
    if (address !== null) onListening?.(typeof address === 'string' ? address : address.port)
  })
  return listening
}
