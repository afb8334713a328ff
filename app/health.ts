import http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { shared } from '#nodeos/shared'
import { type Backend, type Verdict, well } from './backend.ts'
import type { PoolConfig } from './config.ts'
import type { Pool } from './pool.ts'

type Pools = ReadonlyMap<string, Pool>

/** How soon a backend that was added is checked for the first time, at most. */
const firstMs = 1000

/**
 * Gives all processes the same view of the backends: one of them checks, and what any of them finds out holds in all.
 *
 * @param isChecker whether it is this one, now
 */
export function shareHealth(pools: Pools, isChecker: () => boolean): void {
  const change = shared<Record<string, Verdict>>('health', {}, (verdicts) => {
    for (const [key, backend] of byKey(pools)) backend.verdict = verdicts[key] ?? well
  })
  const decide = (decided: Backend, verdict: Verdict): void => {
    const edit = (): Record<string, Verdict> => {
      const all = Array.from(byKey(pools), ([key, backend]) => {
        return [key, backend === decided ? verdict : backend.verdict] as const
      })
      return Object.fromEntries(all)
    }
    change(edit).catch((error: unknown) => process.emitWarning(error as Error))
  }
  for (const pool of pools.values()) {
    pool.decide = decide
    pool.onAdded = (backend) => void watch(backend, pool, isChecker)
    for (const backend of pool.backends.values()) pool.onAdded(backend)
  }
}

function byKey(pools: Pools): Map<string, Backend> {
  const all = [...pools.values()].flatMap(({ name, backends }) =>
    Array.from(backends, ([address, backend]) => [`${name} ${address}`, backend] as const),
  )
  return new Map(all)
}

/** Checks a backend, at its own moment of the interval, as long as its pool has it. */
async function watch(backend: Backend, { backends, config }: Pool, isChecker: () => boolean): Promise<void> {
  if (config.health.kind === 'none') return
  const intervalMs = config.health.interval * 1000
  await sleep(Math.random() * Math.min(intervalMs, firstMs), undefined, { ref: false })
  while (backends.get(backend.address) === backend) {
    if (isChecker()) backend.checked(await check(backend, config))
    await sleep(intervalMs, undefined, { ref: false })
  }
}

/** What is wrong with a backend, or undefined. */
function check(
  { host, port, serverName: servername }: Backend,
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
