import { setTimeout as wait } from 'node:timers/promises'

/** How long to wait for a condition, and how often to check it. */
export interface Limit {
  timeoutMs: number
  /** Default: 100. */
  everyMs?: number
  /** Ends the wait. */
  signal?: AbortSignal
}

/**
 * Waits until `check` returns something other than undefined or false, and returns it.
 * Returns undefined at the limit, or when the signal is aborted; the caller knows what to report then.
 */
export async function until<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs, everyMs = 100, signal }: Limit,
): Promise<T | undefined> {
  for (const end = performance.now() + timeoutMs; ;) {
    if (signal?.aborted === true) return undefined
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) return undefined
    await wait(everyMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}
