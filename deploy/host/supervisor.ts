/** On hosts without systemd: restarts the service when it ends. Arguments: the program and its arguments. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

const retryMs = 1000
const ending = new AbortController()

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())
// Closing the terminal must not end the service.
process.on('SIGHUP', () => undefined)

while (!ending.signal.aborted) {
  const child = spawn(process.execPath, process.argv.slice(2), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const stop = (): void => void child.kill('SIGTERM')
  ending.signal.addEventListener('abort', stop)
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  ending.signal.removeEventListener('abort', stop)
  if (ending.signal.aborted) break
  process.stdout.write(
    `${new Date().toISOString()} the service ended (${signal ?? `exit status ${status}`}): restarting it\n`,
  )
  await wait(retryMs, undefined, { signal: ending.signal }).catch(() => undefined)
}
