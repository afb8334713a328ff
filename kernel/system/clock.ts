import { readdirSync, readFileSync } from 'node:fs'
import type { Native } from '../native/binding.ts'
import { reasonOf } from './errors.ts'
import type { Emit } from './event.ts'

/** A monotonic clock, which does not change when the wall clock is set. */
export interface Clock {
  /** Milliseconds since the machine started. */
  now(): number
  /** Calls back once after `ms` and returns a function that cancels it. Does not keep the process alive. */
  timer(ms: number, callback: () => void): () => void
}

const longestTimer = 2 ** 31 - 1

/** The kernel's monotonic clock, which continues across restarts of Node. */
export const systemClock: Clock = {
  now() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  timer(ms, callback) {
    const timeout = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimer))
    timeout.unref()
    return () => clearTimeout(timeout)
  },
}

/** A clock of the hypervisor, which continues while the machine is paused. */
export interface ClockSource {
  name: 'ptp' | 'rtc'
  /** Whether it has a resolution of whole seconds. */
  coarse: boolean
  /** Milliseconds since 1970. */
  read(): number
}

/** Paths of the kernel's clocks. */
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

/** Names of hypervisor clocks. Clocks of network interfaces may have any epoch. */
const hypervisors = new Set(['KVM virtual PTP', 'hyperv'])

/** Finds the best clock of the hypervisor: its PTP device, else the real-time clock. */
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

export interface WatchOptions {
  source: ClockSource
  native: Pick<Native, 'clockSet' | 'clockAdjust'>
  clock: Clock
  /** Wall clock, milliseconds since 1970. */
  wall: () => number
  emit: Emit
  /** Whether a time server sets the clock; then only jumps are corrected here. */
  disciplined: () => boolean
  /** Called after a jump. */
  onStep: () => void
}

const checkMs = 5000
/** A clock of whole seconds can be a second off. */
const coarseLimitMs = 2000
const fineLimitMs = 500
/** Interval and time limit for finding the start of a second of a coarse clock. */
const tickMs = 20
const longestTickMs = 1500

/**
 * Corrects the wall clock after the machine was paused, migrated or restored. Its own clocks stop meanwhile, so the
 * difference between the hypervisor's clock and the monotonic one grows. Does not keep the process alive. Returns a
 * function that stops it.
 */
export function watchClock(options: WatchOptions): () => void {
  const { source, disciplined } = options
  let cancel: () => void
  /** The hypervisor's clock minus the monotonic one, at the last check. */
  let lag: number | undefined

  const later = (ms: number, action: () => void): void => {
    cancel = options.clock.timer(ms, () => {
      try {
        action()
      } catch (error) {
        options.emit('node', 'system.error', {
          error: `cannot follow the hypervisor's clock: ${reasonOf(error)}`,
        })
      }
    })
  }
  const check = (): void => {
    const now = lagOf(options)
    if (source.coarse || disciplined()) {
      const moved = now - (lag ?? now)
      if (lag === undefined || Math.abs(moved) > limitOf(source)) return measure()
      if (disciplined()) lag = now
    } else {
      follow(options)
    }
    later(checkMs, check)
  }
  /** Waits for the start of a second, when a coarse clock is exact. */
  const measure = (): void => {
    const first = source.read()
    const until = options.clock.now() + longestTickMs
    const look = (): void => {
      if (source.coarse && source.read() === first && options.clock.now() < until) later(tickMs, look)
      else correct(lagOf(options))
    }
    look()
  }
  const correct = (exact: number): void => {
    const moved = exact - (lag ?? exact)
    if (Math.abs(moved) > limitOf(source)) step(options, moved)
    lag = exact
    later(checkMs, check)
  }

  later(0, check)
  return () => cancel()
}

function lagOf({ source, clock }: WatchOptions): number {
  return source.read() - clock.now()
}

function limitOf({ coarse }: ClockSource): number {
  return coarse ? coarseLimitMs : fineLimitMs
}

/** Sets the wall clock by an exact clock. */
function follow(options: WatchOptions): void {
  const offset = options.source.read() - options.wall()
  if (Math.abs(offset) > fineLimitMs) step(options, offset)
  else options.native.clockAdjust(offset)
}

function step({ native, wall, emit, source, onStep }: WatchOptions, ms: number): void {
  native.clockSet(wall() + ms)
  emit('node', 'clock.stepped', { seconds: Number((ms / 1000).toFixed(3)), source: source.name })
  onStep()
}
