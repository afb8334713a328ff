import { readdirSync, readFileSync } from 'node:fs'
import { startVariable } from '../../contract/paths.ts'
import { emit } from '../event.ts'

/** The response to the host is sent first. */
const leaveMs = 100

/**
 * Restarts this process: the app drains as for a power-off, then Node is executed again in its place. init does not
 * notice, so it neither waits nor counts a restart.
 *
 * @param seconds time limit of the drain
 */
export function restartSelf(seconds: number): void {
  emit('app', 'app.restarting')
  process.once('exit', () => {
    killDescendants()
    const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
    process.execve?.(process.execPath, argv, { ...process.env, [startVariable]: 'machine' })
  })
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), leaveMs)
  setTimeout(() => process.exit(1), leaveMs + seconds * 1000)
}

/** Child processes would keep the app's ports, and would not belong to the new app. */
function killDescendants(): void {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), parent: parentOf(pid) }))
  const doomed = [process.pid]
  for (const ancestor of doomed) {
    doomed.push(...parents.filter(({ parent }) => parent === ancestor).map(({ pid }) => pid))
  }
  for (const pid of doomed.slice(1)) kill(pid)
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has already exited.
  }
}
