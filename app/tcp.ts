import { connect, type Socket } from 'node:net'
import type { Member, Pool } from './pool.ts'
import { join } from './upgrade.ts'

export interface TcpTimeouts {
  connectMs: number
  idleMs: number
}

/** Joins a client's connection to a backend; one that does not take it is passed over, as often as the pool retries. */
export function passTcp(client: Socket, pool: Pool, timeouts: TcpTimeouts, tried = new Set<Member>()): void {
  const member = pool.pick(client.remoteAddress ?? '', undefined, tried)
  if (member === undefined || client.destroyed) {
    client.destroy()
    return
  }
  const { counter } = member
  const started = performance.now()
  const backend = connect({ host: member.host, port: member.port, allowHalfOpen: true, noDelay: true })
  const late = setTimeout(() => backend.destroy(new Error('connect timed out')), timeouts.connectMs)
  counter.inflight += 1
  const refused = (error: Error): void => {
    clearTimeout(late)
    counter.inflight -= 1
    member.served(performance.now() - started, error.message)
    tried.add(member)
    if (tried.size <= pool.config.retries) passTcp(client, pool, timeouts, tried)
    else client.destroy()
  }
  backend.once('error', refused)
  backend.once('connect', () => {
    clearTimeout(late)
    backend.off('error', refused)
    member.served(performance.now() - started, undefined)
    join(client, backend, timeouts.idleMs, () => (counter.inflight -= 1))
  })
}
