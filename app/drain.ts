import cluster from 'node:cluster'
import type { Server as HttpServer } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Balancer } from './balancer.ts'
import type { Listener } from './listeners.ts'

const checkMs = 50
/** A client may have sent a request that has not come yet. */
const lingerMs = 500

/**
 * Ends the process without losing a request: nothing new is accepted, what is in flight is answered, clients that
 * keep connections are told to come back on another one; connections that are not HTTP are ended at the deadline.
 */
export function drain(listeners: readonly Listener[], balancer: Balancer, seconds: number): void {
  balancer.draining = true
  let open = listeners.length
  const closeIdle = (): void => {
    for (const { server } of listeners) (server as Partial<HttpServer>).closeIdleConnections?.()
  }
  const done = (): void => {
    open -= 1
    if (open === 0) leave()
  }
  for (const { server, sessions } of listeners) {
    if (!('closeIdleConnections' in server)) {
      server.close(done)
    } else {
      server.prependListener('request', (_request, response) => (response.shouldKeepAlive = false))
      // Its own `close` would close idle connections at once.
      NetServer.prototype.close.call(server, done)
    }
    for (const session of sessions) session.close()
  }
  setTimeout(() => setInterval(closeIdle, checkMs), lingerMs)
  setTimeout(() => {
    for (const { streams } of listeners) for (const stream of streams) stream.destroy()
    setTimeout(() => process.exit(0), checkMs)
  }, seconds * 1000)
}

/** One of several processes has the connections that it was about to get go to the others first. */
function leave(): void {
  if (cluster.worker === undefined || !process.connected) process.exit(0)
  process.once('disconnect', () => process.exit(0))
  cluster.worker.disconnect()
}
