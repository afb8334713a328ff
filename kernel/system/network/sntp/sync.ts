import type { Native } from '../../../native/binding.ts'
import type { Clock, Emit } from '../types.ts'
import type { Reading } from './query.ts'

/** Up to this many milliseconds the clock drifts to the right time; beyond, it jumps. */
const mostDrift = 500
const hour = 3_600_000
const firstRetry = 16_000

export interface SyncOptions {
  /** Asked in this order; the first that answers counts. Read anew each time. */
  servers: () => readonly string[]
  query: (server: string) => Promise<Reading>
  native: Pick<Native, 'clockSet' | 'clockAdjust'>
  clock: Clock
  /** Wall clock, milliseconds since 1970. */
  wall: () => number
  emit: Emit
}

/** Keeps the wall clock right: asks at once, then hourly. Keeps no process alive. Returns what stops it. */
export function startTimeSync(options: SyncOptions): () => void {
  let stopped = false
  let cancel: (() => void) | undefined
  let failures = 0
  let last: boolean | undefined
  const round = async () => {
    last = await synchronise(options, last)
    failures = last ? 0 : failures + 1
    const wait = last ? hour : Math.min(firstRetry * 2 ** (failures - 1), hour)
    if (!stopped) cancel = options.clock.timer(wait, () => void round())
  }
  void round()
  return () => {
    stopped = true
    cancel?.()
  }
}

/**
 * One round: whether a server told the time, undefined when there is none to ask. Events tell of a change against the round before
 * and of every jump, not of each try.
 */
async function synchronise(options: SyncOptions, last: boolean | undefined): Promise<boolean | undefined> {
  const { servers, query, native, wall, emit } = options
  const reasons: string[] = []
  for (const server of servers()) {
    try {
      const { offset, stratum } = await query(server)
      const jump = Math.abs(offset) > mostDrift
      if (jump) native.clockSet(wall() + offset)
      else native.clockAdjust(offset)
      if (jump || last !== true) {
        emit('network', 'time.synchronised', { server, stratum, offset_ms: Math.round(offset), jump })
      }
      return true
    } catch (error) {
      reasons.push(`${server}: ${(error as Error).message}`)
    }
  }
  if (reasons.length === 0) return undefined
  if (last !== false) emit('network', 'time.unknown', { reasons })
  return false
}
