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

/** Returns whether a marked process still runs. */
export function isRunning(mark: ProcessMark): boolean {
  return markProcess(mark.pid)?.started === mark.started
}
