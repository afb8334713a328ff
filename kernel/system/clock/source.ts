import { readdirSync, readFileSync } from 'node:fs'
import type { Native } from '../../native/binding.ts'

/** A clock of the hypervisor, which goes on while the machine is paused. */
export interface ClockSource {
  name: 'ptp' | 'rtc'
  /** Whether it counts whole seconds only. */
  coarse: boolean
  /** Milliseconds since 1970. */
  read(): number
}

/** Where the kernel shows clocks. */
export interface ClockPaths {
  /** Folder of the PTP clocks. */
  ptp: string
  /** Folder of their devices. */
  devices: string
  /** The real-time clock, in seconds since 1970. */
  rtc: string
}

export const guestClocks: ClockPaths = {
  ptp: '/sys/class/ptp',
  devices: '/dev',
  rtc: '/sys/class/rtc/rtc0/since_epoch',
}

/** Clocks that are the hypervisor's own. Those of network interfaces may count from anywhere. */
const hypervisors = new Set(['KVM virtual PTP', 'hyperv'])

/** The best clock of the hypervisor: its PTP device, else the real-time clock; undefined without either. */
export function findClockSource(
  native: Pick<Native, 'clockRead'>,
  { ptp, devices, rtc }: ClockPaths,
): ClockSource | undefined {
  for (const name of namesIn(ptp)) {
    if (!hypervisors.has(readOr('', `${ptp}/${name}/clock_name`).trim())) continue
    const source: ClockSource = {
      name: 'ptp',
      coarse: false,
      read: () => native.clockRead(`${devices}/${name}`),
    }
    if (works(source)) return source
  }
  const source: ClockSource = {
    name: 'rtc',
    coarse: true,
    read: () => Number(readFileSync(rtc, 'utf8')) * 1000,
  }
  return works(source) ? source : undefined
}

function works(source: ClockSource): boolean {
  try {
    return source.read() > 0
  } catch {
    return false
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readOr(otherwise: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
