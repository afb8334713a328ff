import { channel } from 'node:diagnostics_channel'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Emit, emit } from './event.ts'

/**
 * Logs an uncaught error that the system layer threw, not the app.
 *
 * @param self file of the system layer
 */
export function reportOwnErrors(self: string): void {
  process.on('uncaughtExceptionMonitor', (error: unknown, origin: string) => {
    if (isOwn(error, self)) emit('node', 'system.error', { origin, error: error.stack })
  })
}

/** Whether the innermost frame outside Node is in the file `self`. */
export function isOwn(error: unknown, self: string): error is Error {
  if (!(error instanceof Error)) return false
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return frames.find((frame) => !frame.includes('node:'))?.includes(self) ?? false
}

/** Returns a one-line reason for a thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Logs once per process that the app tried to start a shell: the error that `exec` reports, `spawn /bin/sh ENOENT`,
 * does not say that the machine has none.
 */
export function explainShell(emit: Emit): void {
  let explained = false
  channel('child_process').subscribe((message) => {
    const { process: child } = message as { process: ChildProcess }
    child.prependOnceListener(errorMonitor(), (error: NodeJS.ErrnoException) => {
      if (explained || error.code !== 'ENOENT' || child.spawnfile !== '/bin/sh') return
      explained = true
      emit('app', 'shell.missing', {
        hint: 'the machine has no shell: use execFile, fork or spawn without "shell"',
      })
    })
  })
}

/** An `error` listener would count as one of the app's own. */
function errorMonitor(): 'error' {
  return process.getBuiltinModule('node:events').errorMonitor as unknown as 'error'
}

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

/** Returns the path of an error that was caused by a write to a read-only file system. */
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
