import { setTimeout as wait } from 'node:timers/promises'

/** What became of a load. */
export interface Outcome {
  asked: number
  /** What went wrong, one line for each request that did. */
  failed: string[]
}

/** Asks again and again until it is stopped; an answer is good with status 200. */
export function keepAsking(get: () => Promise<Response>, pauseMs = 20): { stop: () => Promise<Outcome> } {
  const outcome: Outcome = { asked: 0, failed: [] }
  const enough = new AbortController()
  const asking = (async () => {
    while (!enough.signal.aborted) {
      outcome.asked += 1
      const problem = await get().then(
        async (response) => {
          await response.arrayBuffer()
          return response.status === 200 ? undefined : `status ${response.status}`
        },
        (error: Error) => ((error.cause as Error | undefined) ?? error).message,
      )
      if (problem !== undefined) outcome.failed.push(problem)
      await wait(pauseMs)
    }
  })()
  return {
    async stop() {
      enough.abort()
      await asking
      return outcome
    },
  }
}
