import { channel } from 'node:diagnostics_channel'
import type { ChildProcess } from 'node:child_process'
import type { Emit } from './event.ts'

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
