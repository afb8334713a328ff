/** Work that needs a slot. */
export interface Turn {
  /** Called when it has a slot. */
  begin: () => void
  /** Called when no slot was free in time. */
  tooLate: () => void
}

export interface TurnLimits {
  /** Concurrency limit. */
  most: number
  /** Length of the queue. */
  waiting: number
  /** Milliseconds until a queued one is too late. */
  waitMs: number
}

/** A concurrency limit with a bounded queue: first come, first served. */
export class Turns {
  readonly #limits: TurnLimits
  readonly #waiting = new Map<Turn, NodeJS.Timeout>()
  #taken = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Begins now, or queues. @returns false if the queue is full */
  take(turn: Turn): boolean {
    const { most, waiting, waitMs } = this.#limits
    if (this.#taken < most) {
      this.#taken += 1
      turn.begin()
      return true
    }
    if (this.#waiting.size >= waiting) return false
    const late = setTimeout(() => {
      this.#waiting.delete(turn)
      turn.tooLate()
    }, waitMs)
    this.#waiting.set(turn, late)
    return true
  }

  /** Removes one from the queue. @returns whether it was queued */
  withdraw(turn: Turn): boolean {
    clearTimeout(this.#waiting.get(turn))
    return this.#waiting.delete(turn)
  }

  /** Frees the slot of one that has begun. */
  free(): void {
    this.#taken -= 1
    if (this.#waiting.size === 0 || this.#taken >= this.#limits.most) return
    for (const turn of this.#waiting.keys()) {
      this.withdraw(turn)
      this.#taken += 1
      // If each fails at once, they must not call each other recursively.
      return queueMicrotask(() => turn.begin())
    }
  }

  /** Begins all that are queued, because no others follow. */
  letAllBegin(): void {
    for (const turn of this.#waiting.keys()) {
      this.withdraw(turn)
      this.#taken += 1
      turn.begin()
    }
  }
}
