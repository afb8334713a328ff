import { readdirSync, readFileSync } from 'node:fs'

/** A process that may outlive this one: its id, and its start time, because ids are used again. */
export interface ProcessMark {
  pid: number
  /** Clock ticks since the host started, as /proc/<pid>/stat has it. */
  started: string
}

const startTimeField = 19

/**
 * Marks a running process; undefined if no process has this id. A process whose first thread has ended still runs while
 * other threads do: they hold its files, and QEMU's locks with them.
 */
export function markProcess(pid: number): ProcessMark | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const started = fields[startTimeField - 1]
    const ended = state === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1
    return ended || started === undefined ? undefined : { pid, started }
  } catch {
    return undefined
  }
}

/** Whether a marked process still runs. */
export function isRunning(mark: ProcessMark): boolean {
  return markProcess(mark.pid)?.started === mark.started
}

/** Memory that a process holds, in bytes. */
export function residentBytes(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Resolves when a marked process has ended, or with false at the deadline. */
export async function awaitEnd(mark: ProcessMark, timeoutMs: number): Promise<boolean> {
  const pollMs = 50
  for (const until = Date.now() + timeoutMs; isRunning(mark);) {
    if (Date.now() > until) return false
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return true
}
