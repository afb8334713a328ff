import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the answer is 200. At most one request is under way, each for `patienceMs`. */
export async function untilOk(
  url: string,
  { timeoutMs = 120_000, patienceMs = 1000, pauseMs = 20, signal }: UntilOkOptions = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let last = 'no attempt'
  while (performance.now() < deadline) {
    signal?.throwIfAborted()
    try {
      const status = await request(url, { timeoutMs: patienceMs })
      if (status === 200) return
      last = `status ${status}`
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await sleep(pauseMs)
  }
  throw new Error(`${url}: no 200 response within ${timeoutMs / 1000} s; last attempt: ${last}`)
}

export interface UntilOkOptions {
  timeoutMs?: number
  patienceMs?: number
  pauseMs?: number
  signal?: AbortSignal
}

/**
 * `count` requests one after the other over one kept connection; throws at the first that is not 200, or on abort.
 *
 * @param timeoutMs for each response
 */
export async function keepAliveRequests(
  url: string,
  count: number,
  { signal, timeoutMs = 30_000 }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (let done = 0; done < count; done++) {
      signal?.throwIfAborted()
      const status = await request(url, { timeoutMs, agent })
      if (status !== 200) throw new Error(`${url}: status ${status} after ${done} requests`)
    }
  } finally {
    agent.destroy()
  }
}

function request(url: string, options: { timeoutMs: number; agent?: Agent }): Promise<number> {
  return new Promise((resolve, reject) => {
    const onResponse = (response: IncomingMessage): void => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
      response.once('error', reject)
    }
    const call = get(url, { agent: options.agent ?? false }, onResponse)
    call.setTimeout(options.timeoutMs, () => call.destroy(new Error('timed out')))
    call.once('error', reject)
  })
}
