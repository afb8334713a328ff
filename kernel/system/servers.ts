import { tracingChannel } from 'node:diagnostics_channel'
import type { Server } from 'node:net'

/** The servers of this process that listen, in the order in which they began to. */
export const listening: Set<Server> = new Set()

interface ListenMessage {
  server?: Server
}

/** Keeps `listening` true, and calls back each time a server begins to listen. */
export function watchServers(onListening: (server: Server) => void): void {
  tracingChannel<string, ListenMessage>('net.server.listen').subscribe({
    asyncEnd({ server }) {
      if (server === undefined || listening.has(server)) return
      listening.add(server)
      server.once('close', () => listening.delete(server))
      onListening(server)
    },
  } as Parameters<ReturnType<typeof tracingChannel<string, ListenMessage>>['subscribe']>[0])
}
