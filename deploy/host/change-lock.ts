import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'

const retryMs = 50

/** Ensures that one change of an appliance runs at a time. */
export class ChangeLock {
  #running: string | undefined

  /** Describes the change that runs. */
  get running(): string | undefined {
    return this.#running
  }

  /** Runs a change. @throws {UserError} when another one runs */
  async now<T>(what: string, body: () => Promise<T>): Promise<T> {
    requireIdle(this.#running)
    return this.#run(what, body)
  }

  /** Runs a change after the one that runs. */
  async later<T>(what: string, body: () => Promise<T>): Promise<T> {
    while (this.#running !== undefined) await wait(retryMs)
    return this.#run(what, body)
  }

  async #run<T>(what: string, body: () => Promise<T>): Promise<T> {
    this.#running = what
    try {
      return await body()
    } finally {
      this.#running = undefined
    }
  }
}

/** @throws {UserError} when another change runs */
export function requireIdle(change: string | undefined): void {
  if (change === undefined) return
  throw new UserError(`another change is in progress: ${change}`, {
    hint: 'wait until it is done, then retry',
  })
}
