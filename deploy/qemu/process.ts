import { readFileSync } from 'node:fs'
import { isRunning, type ProcessMark } from '../../config/lib/process.ts'
import { until } from '../../config/lib/until.ts'

export { isRunning, markProcess, type ProcessMark } from '../../config/lib/process.ts'

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
  return (await until(() => !isRunning(mark), { timeoutMs, everyMs: 50 })) === true
}
