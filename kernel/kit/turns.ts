/** Something that needs a connection to a backend. */
export interface Turn {
  /** It may have one. */
  begin: () => void
  /** None was free in time. */
  tooLate: () => void
}

export interface TurnLimits {
  /** Turns that are taken at once. */
  most: number
  /** Others that wait. */
  waiting: number
  /** Milliseconds that they wait. */
  waitMs: number
}

/** Gives the connections to one backend to who comes first, and lets a few others wait for them. */
export class Turns {
  private readonly limits: TurnLimits
  private readonly waiting = new Map<Turn, NodeJS.Timeout>()
  private taken = 0

  constructor(limits: TurnLimits) {
    this.limits = limits
  }

  /** Begins now or as soon as another is over. @returns false when too many wait already */
  take(turn: Turn): boolean {
    const { most, waiting, waitMs } = this.limits
    if (this.taken < most) {
      this.taken += 1
      turn.begin()
      return true
    }
    if (this.waiting.size >= waiting) return false
    const late = setTimeout(() => {
      this.waiting.delete(turn)
      turn.tooLate()
    }, waitMs)
    this.waiting.set(turn, late)
    return true
  }

  /** @returns whether it was still waiting: it does so no more */
  withdraw(turn: Turn): boolean {
    clearTimeout(this.waiting.get(turn))
    return this.waiting.delete(turn)
  }

  /** One that has begun is over. */
  free(): void {
    this.taken -= 1
    if (this.waiting.size === 0 || this.taken >= this.limits.most) return
    for (const turn of this.waiting.keys()) {
      this.withdraw(turn)
      this.taken += 1
      // Those that fail at once must not begin one inside the other.
      return queueMicrotask(() => turn.begin())
    }
  }

  /** Lets all begin that wait: nobody comes after them. */
  letAllBegin(): void {
    for (const turn of this.waiting.keys()) {
      this.withdraw(turn)
      this.taken += 1
      turn.begin()
    }
  }
}
