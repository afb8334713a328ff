import type { About } from './domain.ts'

/** What a console said last of the health of its machine. */
export interface Word {
  good: boolean
  /** By the machine's clock, ISO 8601. */
  time: string
}

/** Each stands until the next one comes: a Node that has started anew is not healthy yet. */
const spoken =
  /^.*"time":"([^"]+)".*"event":"(health\.ok|health\.failed|node\.started|node\.exited|machine\.rebooting)".*$/gm

/** The last word of a console on its machine's health; undefined when it has said none. */
export function lastWord(console: string, { unasked }: Pick<About, 'unasked'>): Word | undefined {
  const [, time = '', event] = [...console.matchAll(spoken)].at(-1) ?? []
  if (event === undefined) return undefined
  return { time, good: event === (unasked === true ? 'node.started' : 'health.ok') }
}
