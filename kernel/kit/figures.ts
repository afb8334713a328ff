import { tell } from './shared.ts'

const everyMs = 1000
/** A process that publishes nothing for this long has ended. */
const silenceMs = 3000

export interface Told<T> {
  /** Of the process. */
  pid: number
  told: T
}

/**
 * Publishes figures of this process to the others every second, and collects theirs.
 *
 * @returns a function that returns the latest figures of the others
 */
export function shareFigures<T>(own: () => T): () => Told<T>[] {
  const others = new Map<number, Told<T> & { at: number }>()
  process.on('message', ({ publish }: { publish?: Told<T> }) => {
    if (publish !== undefined) others.set(publish.pid, { ...publish, at: performance.now() })
  })
  setInterval(() => tell({ publish: { pid: process.pid, told: own() } }), everyMs).unref()
  return () => {
    for (const [pid, { at }] of others) if (performance.now() - at > silenceMs) others.delete(pid)
    return [...others.values()]
  }
}
