import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** How long the primary process may take to send a change to all processes. */
const mostMs = 10_000

/** A value as the primary process sends it: the number of changes, and the last one. */
interface Told<T> {
  set: string
  version: number
  value: { id: string; content: T }
}

/** Applies an edit in every process. */
type Change<T> = (edit: (content: T) => T) => Promise<T>

/**
 * Shares a value between all processes of the application. The primary process applies one change after the other.
 *
 * @param apply applies a change in this process
 * @param file saves the value for processes that start later; without it, the value is lost with the last process
 * @returns a function that changes the value, and resolves with the result when all processes have it. If another
 * change is first, the edit is repeated on its result. If the edit throws, nothing changes.
 */
export function shared<T>(set: string, content: T, apply: (content: T) => void, file?: string): Change<T> {
  const changes = new EventEmitter().setMaxListeners(0)
  let version = 0
  const take = ({ version: newer, value }: Told<T>): void => {
    if (newer <= version) return
    ;[version, content] = [newer, value.content]
    apply(content)
    if (file !== undefined) keep(file, content)
    changes.emit('change', value.id)
  }
  process.on('message', (message: Told<T>) => {
    if (message.set === set) take(message)
  })
  if (file !== undefined && existsSync(file)) {
    content = JSON.parse(readFileSync(file, 'utf8')) as T
    apply(content)
  }
  tell({ get: true })
  return async (edit) => {
    for (;;) {
      const value = { id: randomUUID(), content: edit(content) }
      const told = once(changes, 'change', { signal: AbortSignal.timeout(mostMs) })
      if (process.connected) tell({ set, base: version, value })
      else take({ set, version: version + 1, value })
      const [taken] = await told.catch(() => {
        throw new Error(
          `the primary process did not confirm the change within ${mostMs / 1000} s; it may have been applied`,
        )
      })
      if (taken === value.id) return value.content
    }
  }
}

/** Writes the file atomically, readable by this user only: it may contain private keys. */
function keep(file: string, content: unknown): void {
  const written = `${file}.${process.pid}`
  try {
    writeFileSync(written, JSON.stringify(content), { mode: 0o600 })
    renameSync(written, file)
  } catch (error) {
    process.emitWarning(`the change was applied, but could not be saved: ${(error as Error).message}`)
  }
}

/** Sends a message to the primary process, if there is one. */
export function tell(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}
