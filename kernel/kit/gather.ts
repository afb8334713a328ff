import { tell } from './shared.ts'

const everyMs = 1000
/** A process that says nothing for so long is gone. */
const silenceMs = 3000

export interface Told<T> {
  /** Of the process. */
  pid: number
  told: T
}

/**
 * Tells the app's other processes something every second, and hears what they tell.
 *
 * @returns what the others told last
 */
export function gather<T>(own: () => T): () => Told<T>[] {
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
