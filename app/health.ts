import http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolConfig } from './config.ts'
import type { Member, Pool } from './pool.ts'

/** How soon a backend that was added is checked for the first time, at most. */
const firstMs = 1000

/** Checks a backend, at its own moment of the interval, as long as its pool has it. */
export async function watch(member: Member, { members, config }: Pool): Promise<void> {
  if (config.health.kind === 'none') return
  const intervalMs = config.health.interval * 1000
  await sleep(Math.random() * Math.min(intervalMs, firstMs), undefined, { ref: false })
  while (members.get(member.address) === member) {
    member.checked(await check(member, config))
    await sleep(intervalMs, undefined, { ref: false })
  }
}

/** What is wrong with a backend, or undefined. */
function check(
  { host, port, serverName: servername }: Member,
  { health, protocol }: PoolConfig,
): Promise<string | undefined> {
  const { kind, path, timeout } = health
  const signal = AbortSignal.timeout(timeout * 1000)
  return new Promise((resolve) => {
    const failed = ({ code, message }: NodeJS.ErrnoException): void =>
      resolve(signal.aborted ? `no answer to the check within ${timeout} s` : `the check: ${code ?? message}`)
    if (kind === 'tcp') {
      const socket = connect({ host, port, signal }, () => {
        socket.destroy()
        resolve(undefined)
      }).on('error', failed)
      return
    }
    const { get } = protocol === 'https' ? https : http
    get({ host, port, path, servername, agent: false, signal } as https.RequestOptions, (response) => {
      const { statusCode = 0 } = response
      response.resume()
      resolve(statusCode < 400 ? undefined : `the check is answered with ${statusCode}`)
    }).on('error', failed)
  })
}
