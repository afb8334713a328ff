import http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolConfig } from './config.ts'
import type { Member, Pool } from './pool.ts'

/** How soon a backend that was added is checked for the first time, at most. */
const roundMs = 1000

/**
 * Checks the backends of a pool, each at its own moment of the interval, until stopped.
 *
 * @returns what stops it
 */
export function watchPool(pool: Pool): () => void {
  if (pool.config.health.kind === 'none') return () => undefined
  const watched = new Set<Member>()
  const round = (): void => {
    for (const member of pool.members.values()) {
      if (watched.has(member)) continue
      watched.add(member)
      void watch(member, pool, () => watched.has(member))
    }
  }
  round()
  const rounds = setInterval(round, roundMs).unref()
  return () => {
    clearInterval(rounds)
    watched.clear()
  }
}

async function watch(member: Member, { members, config }: Pool, wanted: () => boolean): Promise<void> {
  const { interval } = config.health
  await sleep(Math.random() * Math.min(interval * 1000, roundMs), undefined, { ref: false })
  while (wanted() && members.get(member.address) === member) {
    member.checked(await check(member, config))
    await sleep(interval * 1000, undefined, { ref: false })
  }
}

/** What is wrong with a backend, or undefined. */
function check(member: Member, { health, protocol }: PoolConfig): Promise<string | undefined> {
  if (health.kind === 'tcp') return checkTcp(member, health.timeout * 1000)
  return checkHttp(member, protocol === 'https' ? https : http, health)
}

function checkHttp(
  { host, port }: Member,
  { get }: Pick<typeof http, 'get'>,
  { path, timeout }: PoolConfig['health'],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { host, port, path, agent: false, signal: AbortSignal.timeout(timeout * 1000) }
    get(options, (response) => {
      const { statusCode = 0 } = response
      response.resume()
      resolve(statusCode < 400 ? undefined : `the check is answered with ${statusCode}`)
    }).on('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.name === 'AbortError'
          ? `no answer to the check within ${timeout} s`
          : `the check: ${error.code}`,
      ),
    )
  })
}

function checkTcp({ host, port }: Member, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (problem?: string): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(problem)
    }
    const timer = setTimeout(() => done('the check did not connect in time'), timeoutMs)
    socket.once('connect', () => done()).once('error', ({ message }) => done(message))
  })
}
