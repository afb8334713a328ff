import { emit } from './event.ts'

/**
 * Says on the console when it was the system layer, not the app, that threw what ends the process.
 *
 * @param self URL of the system layer
 */
export function reportOwnErrors(self: string): void {
  process.on('uncaughtExceptionMonitor', (error: unknown, origin: string) => {
    if (isOwn(error, self)) emit('node', 'system.error', { origin, error: error.stack })
  })
}

/** Whether the innermost frame outside Node lies in the file `self`. */
export function isOwn(error: unknown, self: string): error is Error {
  if (!(error instanceof Error)) return false
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return frames.find((frame) => !frame.includes('node:'))?.includes(self) ?? false
}

/** What was thrown, in a line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
