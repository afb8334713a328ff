import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'

const againMs = 50

/** What changes an appliance goes one after the other. */
export class Turn {
  #busy: string | undefined

  /** What is under way. */
  get busy(): string | undefined {
    return this.#busy
  }

  /** Runs a change that somebody asked for. @throws {UserError} when one is under way */
  async exclusive<T>(what: string, body: () => Promise<T>): Promise<T> {
    refuse(this.#busy)
    return this.#during(what, body)
  }

  /** Runs a change that must be, after the one that is under way. */
  async after(what: string, body: () => Promise<void>): Promise<void> {
    while (this.#busy !== undefined) await wait(againMs)
    await this.#during(what, body)
  }

  async #during<T>(what: string, body: () => Promise<T>): Promise<T> {
    this.#busy = what
    try {
      return await body()
    } finally {
      this.#busy = undefined
    }
  }
}

/** @throws {UserError} when something is at work */
export function refuse(other: string | undefined): void {
  if (other !== undefined)
    throw new UserError(`another change is in progress: ${other}`, {
      hint: 'wait until it is done, then retry',
    })
}
