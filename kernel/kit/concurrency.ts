/** Work that needs a slot of a concurrency limit. */
export interface Job {
  /** Called when it has a slot. */
  begin: () => void
  /** Called when no slot was free in time. */
  tooLate: () => void
}

export interface ConcurrencyLimits {
  /** Concurrency limit. */
  most: number
  /** Length of the queue. */
  waiting: number
  /** Milliseconds until a queued one is too late. */
  waitMs: number
}

/** A concurrency limit with a bounded queue: first come, first served. */
export class ConcurrencyLimit {
  readonly #limits: ConcurrencyLimits
  readonly #waiting = new Map<Job, NodeJS.Timeout>()
  #taken = 0

  constructor(limits: ConcurrencyLimits) {
    this.#limits = limits
  }

  /** Begins now, or queues. @returns false if the queue is full */
  take(job: Job): boolean {
    const { most, waiting, waitMs } = this.#limits
    if (this.#taken < most) {
      this.#taken += 1
      job.begin()
      return true
    }
    if (this.#waiting.size >= waiting) return false
    const late = setTimeout(() => {
      this.#waiting.delete(job)
      job.tooLate()
    }, waitMs)
    this.#waiting.set(job, late)
    return true
  }

  /** Removes one from the queue. @returns whether it was queued */
  withdraw(job: Job): boolean {
    clearTimeout(this.#waiting.get(job))
    return this.#waiting.delete(job)
  }

  /** Frees the slot of one that has begun. */
  free(): void {
    this.#taken -= 1
    if (this.#waiting.size === 0 || this.#taken >= this.#limits.most) return
    for (const job of this.#waiting.keys()) {
      this.withdraw(job)
      this.#taken += 1
      // If each fails at once, they must not call each other recursively.
      return queueMicrotask(() => job.begin())
    }
  }

  /** Begins all that are queued, because no others follow. */
  letAllBegin(): void {
    for (const job of this.#waiting.keys()) {
      this.withdraw(job)
      this.#taken += 1
      job.begin()
    }
  }
}
