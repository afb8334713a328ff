import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Context as Failed, deployError, isFinal } from '../failure/explain.ts'
import { healthPort } from '../../kernel/contract/guest-config.ts'
import type { Watched } from '../qemu/health.ts'

/** The configuration that a health check needs. */
export type CheckedSystem = Pick<SystemConfig, 'health' | 'ports' | 'machine'>

export interface HealthWait {
  system: CheckedSystem
  /** How many successful checks in a row it takes; more than 1 rejects an app whose check is unstable. Default: 1. */
  times?: number
  pollMs?: number
  /** Added to the time-out of the health check. */
  graceMs?: number
  signal: AbortSignal
  /** File that keeps the console of a machine that did not become healthy. */
  failedConsole: string
}

/**
 * Waits until a machine is healthy.
 *
 * @returns seconds since the start of the wait
 * @throws {UserError} naming the cause: at the deadline, if the machine ends or reports a failure, if interrupted
 */
export async function awaitHealth(
  machine: Watched,
  { system, times = 1, pollMs = 100, graceMs = 0, signal, failedConsole }: HealthWait,
  line: Progress,
): Promise<number> {
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  const deadline = system.health.timeout + graceMs / 1000
  const failure = (end: Failed['end'], console: string, more: Partial<Failed> = {}): UserError => {
    const qemu = machine.output?.()
    const context = { ...failedContext(system), emulated: machine.emulated, end, ...more }
    return deployError(console, { ...context, ...(qemu === undefined ? {} : { qemu }) }, failedConsole)
  }
  let [passed, lost] = [0, 0]
  let [printed, printedAt] = [0, 0]
  for (; ; await wait(pollMs)) {
    if (signal.aborted) throw new UserError('interrupted: the machine was stopped')
    const running = await machine.isRunning()
    const console = await machine.console()
    if (isFinal(console)) throw failure('failed', console)
    if (!running) throw failure('ended', console)
    const { response, text, over = false } = await machine.check(console)
    // The last event of a machine that gave up is no progress.
    if (console.length !== printed && !over) [printed, printedAt] = [console.length, seconds()]
    if (response === 200) {
      passed += 1
      if (passed < times) continue
      return seconds()
    }
    lost += passed
    passed = 0
    line.update(text)
    if (!over && seconds() <= deadline) continue
    const error = failure('timed out', await machine.console(), {
      ...(response === undefined ? {} : { answer: response }),
      idle: seconds() - printedAt,
    })
    if (lost === 0) throw error
    throw new UserError(
      `${error.message}; the check is unstable: it passed ${lost} times, never ${times} times in a row`,
      error.hint === undefined ? {} : { hint: error.hint },
    )
  }
}

/** Returns the facts about a release that the explanation of a failure mentions. */
export function failedContext(system: CheckedSystem): Pick<Failed, 'port' | 'path' | 'timeout' | 'memory'> {
  const { health, machine } = system
  return { port: healthPort(system), path: health.path, timeout: health.timeout, memory: machine.memory }
}
