import type { GuestConfig } from '../contract/guest-config.ts'
import type { Emit } from './event.ts'

/** The slot of one worker and its replacements. */
export interface Slot {
  number: number
  /** When the current worker was started, in milliseconds; undefined if none is running. */
  started?: number | undefined
  /** Milliseconds before the next replacement. */
  backoff: number
  /** Number of workers started in it. */
  starts: number
  /** Whether the current worker is being replaced. */
  leaving: boolean
}

export interface Ending {
  pid: number | undefined
  status: number | null
  signal: string | null
}

/** Side effects of the supervisor. */
export interface Effects {
  /** In milliseconds. */
  now: () => number
  start: (slot: Slot) => void
  later: (ms: number, callback: () => void) => void
  /** Ends the primary; init restarts it. */
  end: (status: number) => void
  emit: Emit
}

/** A worker that has run this long is stable. */
const stableMs = 10_000

/**
 * Keeps a number of workers running. A worker that exits is restarted with exponential backoff; the others continue.
 * After too many early exits without a stable worker, the app itself is broken: the primary exits with status 1, which
 * init counts as a crash of the app.
 */
export class Supervisor {
  draining = false
  readonly slots: readonly Slot[]
  readonly #restart: GuestConfig['restart']
  readonly #effects: Effects
  #earlyEnds: number[] = []
  #waiting = 0

  constructor(count: number, restart: GuestConfig['restart'], effects: Effects) {
    this.slots = Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      backoff: restart.backoffInitial,
      starts: 0,
      leaving: false,
    }))
    this.#restart = restart
    this.#effects = effects
  }

  startAll(): void {
    for (const slot of this.slots) this.#start(slot)
  }

  /** Handles the exit of a worker. */
  ended(slot: Slot, ending: Ending): void {
    const { now, emit } = this.#effects
    const lived = now() - (slot.started ?? now())
    slot.started = undefined
    const finished = !slot.leaving && ending.status === 0 && this.#restart.exitZero === 'poweroff'
    const details = { worker: slot.number, ...ending, lived_ms: Math.round(lived) }
    if (this.draining || finished) {
      emit('app', 'worker.exited', details)
      return this.#endWhenEmpty()
    }
    if (slot.leaving) {
      emit('app', 'worker.exited', details)
      return this.#start(slot)
    }
    if (lived >= stableMs) slot.backoff = this.#restart.backoffInitial
    else if (this.#isCrashLoop()) {
      emit('app', 'worker.exited', details)
      emit('app', 'workers.failing', { ends: this.#earlyEnds.length })
      return this.#effects.end(1)
    }
    emit('app', 'worker.exited', { ...details, delay_ms: slot.backoff })
    this.#replace(slot)
  }

  /** Stops replacing workers; ends when the last one has exited. */
  drain(): void {
    this.draining = true
    this.#endWhenEmpty()
  }

  #start(slot: Slot): void {
    slot.started = this.#effects.now()
    slot.starts += 1
    slot.leaving = false
    this.#effects.start(slot)
  }

  #replace(slot: Slot): void {
    this.#waiting += 1
    this.#effects.later(slot.backoff, () => {
      this.#waiting -= 1
      if (!this.draining) this.#start(slot)
    })
    slot.backoff = Math.min(Math.max(slot.backoff, 1) * 2, this.#restart.backoffMax)
  }

  #isCrashLoop(): boolean {
    const now = this.#effects.now()
    const window = this.#restart.crashLoopWindow * 1000
    this.#earlyEnds = [...this.#earlyEnds.filter((end) => now - end < window), now]
    const well = this.slots.some(({ started }) => started !== undefined && now - started >= stableMs)
    return !well && this.#earlyEnds.length >= this.#restart.crashLoopCount
  }

  #endWhenEmpty(): void {
    const running = this.slots.some(({ started }) => started !== undefined)
    if (!running && (this.draining || this.#waiting === 0)) this.#effects.end(0)
  }
}
