import type { Server } from 'node:net'
import { emit } from './event.ts'
import { listening } from './servers.ts'

const idleCheckMs = 100

/**
 * Answers SIGTERM for an app that does not: servers stop listening, idle connections close, what is in
 * flight is finished, then the process ends. An app with a SIGTERM listener of its own is left to it.
 * PID 1 sets the deadline.
 */
export function drainOnTerminate(): void {
  process.on('SIGTERM', () => {
    if (process.listenerCount('SIGTERM') > 1) return
    drain([...listening])
  })
}

function drain(servers: Server[]): void {
  emit('shutdown', 'app.draining', { servers: servers.length })
  let open = servers.length
  if (open === 0) process.exit(0)
  for (const server of servers) {
    server.close(() => {
      open -= 1
      if (open === 0) process.exit(0)
    })
  }
  const closeIdle = (): void => {
    for (const server of servers) {
      if ('closeIdleConnections' in server) (server.closeIdleConnections as () => void)()
    }
  }
  closeIdle()
  setInterval(closeIdle, idleCheckMs)
}
