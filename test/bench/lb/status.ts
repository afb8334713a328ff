import { text } from 'node:stream/consumers'
import { connect } from 'node:net'

/** How much memory a contestant has, in bytes. */
export interface MemoryUse {
  /** Resident, of the processes that proxy. */
  processes: number
  /** Of the whole guest, but for what its kernel could give back. */
  guest: number
}

/** Asks a guest's status port. */
export async function memoryUse(port: number): Promise<MemoryUse> {
  return parseStatus(await text(connect({ host: '127.0.0.1', port })))
}

/** Reads lines of /proc/<pid>/status and /proc/meminfo. */
export function parseStatus(status: string): MemoryUse {
  const sum = (name: string): number => {
    const found = [...status.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'gm'))]
    if (found.length === 0) throw new Error(`missing ${name} in the status of the guest:\n${status}`)
    return found.reduce((total, [, kibibytes]) => total + Number(kibibytes) * 1024, 0)
  }
  return { processes: sum('VmRSS'), guest: sum('MemTotal') - sum('MemAvailable') }
}
