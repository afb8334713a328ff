import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** How long the primary may take to tell all processes of a change. */
const mostMs = 10_000

/** What the primary tells of a value: how often it was changed, and by which change last. */
interface Told<T> {
  set: string
  version: number
  value: { id: string; content: T }
}

/** Makes an edit in every process. */
type Change<T> = (edit: (content: T) => T) => Promise<T>

/**
 * Something that all processes of the app have in common. The primary takes one change at a time, and tells all of it.
 *
 * @param apply carries a change out, in this process
 * @param file keeps the content for a process that starts later; when left out, it is lost with the last one
 * @returns what changes it, and resolves with what the edit made when all have it. When another change comes first,
 * the edit is made again, of what that one has left; when it throws, nothing has changed.
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

/** Whole or not at all, and only for us: it may have keys. */
function keep(file: string, content: unknown): void {
  const written = `${file}.${process.pid}`
  try {
    writeFileSync(written, JSON.stringify(content), { mode: 0o600 })
    renameSync(written, file)
  } catch (error) {
    process.emitWarning(`the change was applied, but could not be saved: ${(error as Error).message}`)
  }
}

/** Says something to the primary; nothing where there is none. */
export function tell(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}
