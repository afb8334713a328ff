import { connect, type Socket } from 'node:net'
import { joinStreams } from '#nodeos/join-streams'
import type { Backend } from './backend.ts'
import type { Pool } from './pool.ts'

export interface TcpTimeouts {
  connectMs: number
  idleMs: number
}

/** Joins a client's connection to a backend; retries on another one if it does not accept. */
export function passTcp(client: Socket, pool: Pool, timeouts: TcpTimeouts, tried = new Set<Backend>()): void {
  const backend = pool.pick(client.remoteAddress ?? '', undefined, tried)
  if (backend === undefined || client.destroyed) {
    client.destroy()
    return
  }
  const { counter, host, port } = backend
  const started = performance.now()
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
  const late = setTimeout(() => socket.destroy(new Error('connect timed out')), timeouts.connectMs)
  counter.inflight += 1
  const refused = (error: Error): void => {
    clearTimeout(late)
    counter.inflight -= 1
    backend.served(performance.now() - started, error.message)
    tried.add(backend)
    if (tried.size <= pool.config.retries) passTcp(client, pool, timeouts, tried)
    else client.destroy()
  }
  socket.once('error', refused)
  socket.once('connect', () => {
    clearTimeout(late)
    socket.off('error', refused)
    backend.served(performance.now() - started, undefined)
    backend.completed()
    joinStreams(client, socket, timeouts.idleMs, () => (counter.inflight -= 1))
  })
}
