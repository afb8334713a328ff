import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'

/** How long the primary may take to tell all processes of a change. */
const mostMs = 10_000

/** What the primary tells of a value: how often it was changed, and by whom last. */
interface Told<T> {
  set: string
  version: number
  value: { id: string; value: T }
}

/** A value that all processes of the app have in common. The primary takes one change at a time, and tells all of it. */
export class Shared<T> {
  private readonly name: string
  private readonly apply: (value: T) => void
  private readonly changes = new EventEmitter().setMaxListeners(0)
  private version = 0
  private value: T

  /** @param apply carries a change out, in this process */
  constructor(name: string, value: T, apply: (value: T) => void) {
    this.name = name
    this.value = value
    this.apply = apply
    process.on('message', (message: Told<T>) => {
      if (message.set === name) this.take(message)
    })
    tell({ get: true })
  }

  /**
   * Changes the value in every process; resolves when all have it. When another change comes first, the edit is made
   * again, of what that one has left.
   *
   * @returns what the edit made
   * @throws what the edit throws: nothing has changed then
   */
  async change(edit: (value: T) => T): Promise<T> {
    for (;;) {
      const [id, edited] = [randomUUID(), edit(this.value)]
      const [set, base, value] = [this.name, this.version, { id, value: edited }]
      if (!process.connected) {
        this.take({ set, version: base + 1, value })
        return edited
      }
      const told = once(this.changes, 'change', { signal: AbortSignal.timeout(mostMs) })
      tell({ set, base, value })
      const [taken] = await told.catch(() => {
        throw new Error('the primary is silent: nobody knows whether the change was made')
      })
      if (taken === id) return edited
    }
  }

  private take({ version, value: { id, value } }: Told<T>): void {
    if (version <= this.version) return
    this.version = version
    this.value = value
    this.apply(value)
    this.changes.emit('change', id)
  }
}

/** Says something to the primary; nothing where there is none. */
export function tell(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}
