import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../../build/lib/errors.ts'
import type { Progress } from '../../../build/lib/log.ts'
import { tail } from '../../../build/lib/tool.ts'
import { type Machine, readConsole } from './machine.ts'
import { isRunning } from './process.ts'

export interface HealthWait {
  /** Undefined when no port leads to the app: then the console says when it is well. */
  url: string | undefined
  /** Seconds from power-on. */
  timeout: number
  /** Good answers in a row that it takes: 1 when left out; more where a check that flaps must not pass. */
  times?: number
  signal: AbortSignal
  fetch: typeof fetch
}

const pollMs = 100
const answerMs = 3000
const consoleLines = 20

/**
 * Waits until the machine answers its health check.
 *
 * @returns seconds from power-on
 * @throws {UserError} at the deadline, when the machine ends, or when interrupted; with the console's last lines
 */
export async function awaitHealth(machine: Machine, wanted: HealthWait, line: Progress): Promise<number> {
  const started = Date.now()
  const seconds = (): number => (Date.now() - started) / 1000
  const { times = 1 } = wanted
  let [good, lost] = [0, 0]
  for (let last = 'no answer yet'; ; await wait(pollMs)) {
    if (wanted.signal.aborted) throw new UserError('interrupted: the machine was stopped')
    if (!isRunning(machine)) throw failure('the machine ended before it was healthy', machine)
    if (readConsole(machine).includes('"event":"machine.rebooting"'))
      throw failure('the app ends again and again', machine)
    const answer = await ask(machine, wanted)
    if (answer === 'ok') {
      good += 1
      if (good === times) return seconds()
    } else {
      lost += good
      good = 0
      last = answer
    }
    line.update(last)
    if (seconds() > wanted.timeout) {
      const flaps = lost === 0 ? '' : `; it flaps: ${lost} answers were good, never ${times} in a row`
      throw failure(`the machine was not healthy within ${wanted.timeout} s: ${last}${flaps}`, machine)
    }
  }
}

async function ask(machine: Machine, { url, fetch }: HealthWait): Promise<string> {
  if (url === undefined) return readConsole(machine).includes('"event":"node.started"') ? 'ok' : 'booting'
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMs), redirect: 'manual' })
    await response.body?.cancel()
    return response.status === 200 ? 'ok' : `${url} answers ${response.status}`
  } catch {
    return `${url} does not answer`
  }
}

function failure(message: string, machine: Machine): UserError {
  const console = tail(readConsole(machine), consoleLines)
  const slow =
    machine.accelerator === 'tcg'
      ? '\n\nthe CPU is emulated, which is slow: health.timeout in config/system.json can be raised'
      : ''
  return new UserError(message, {
    hint: `the console's last lines:\n\n${console === '' ? '(nothing was printed)' : console}${slow}`,
  })
}

/** Whether a health check is answered with 200 now. */
export async function isWell(url: string, request = fetch): Promise<boolean> {
  try {
    const response = await request(url, { signal: AbortSignal.timeout(answerMs) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}
