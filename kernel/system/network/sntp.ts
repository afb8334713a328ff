import type { Native } from '../../native/binding.ts'
import type { Clock, Emit } from './types.ts'
import type { Reading } from './sntp/query.ts'

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

export interface TimeSync {
  stop: () => void
  /** Synchronizes now, not when the hour is over. */
  syncNow: () => void
}

/** Keeps the wall clock right: queries the servers at once, then hourly. Keeps no process alive. */
export function startTimeSync(options: SyncOptions): TimeSync {
  let stopped = false
  let cancel: (() => void) | undefined
  let failures = 0
  let last: boolean | undefined
  let running = false
  let again = false
  const round = async () => {
    running = true
    last = await synchronise(options, last)
    running = false
    failures = last ? 0 : failures + 1
    const wait = last ? hour : Math.min(firstRetry * 2 ** (failures - 1), hour)
    if (!stopped) cancel = options.clock.timer(again ? 0 : wait, () => void round())
    again = false
  }
  void round()
  return {
    stop() {
      stopped = true
      cancel?.()
    },
    syncNow() {
      again = running
      if (running || stopped) return
      cancel?.()
      void round()
    },
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
