import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Emit } from './event.ts'

/**
 * Logs how to make a folder writable when the app ends because it tried to write to its image. Node reports ENOENT
 * instead of EROFS for a folder that it makes with its parents, as `mkdir -p` does, which hides the cause.
 */
export function explainReadOnly(emit: Emit): void {
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    const path = readOnlyPath(error)
    if (path === undefined) return
    emit('app', 'app.readonly', {
      path,
      hint: 'the image is read-only: add the folder to app.writable in config/system.json, or write to /tmp or /data',
    })
  })
}

/** The path that an error is about when it comes from writing to a read-only file system. */
export function readOnlyPath(error: unknown, isReadOnly = onReadOnly): string | undefined {
  const { code, path, syscall } = Object(error) as NodeJS.ErrnoException
  if (path === undefined) return undefined
  const absolute = resolve(path)
  if (code === 'EROFS') return absolute
  return code === 'ENOENT' && syscall === 'mkdir' && isReadOnly(absolute) ? absolute : undefined
}

function onReadOnly(path: string): boolean {
  let folder = path
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}
