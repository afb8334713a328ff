import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Answer, askAt } from '../../kernel/contract/probe.ts'
import { type Context as Failed, isFinal } from '../failure/explain.ts'
import { deployError } from '../failure/report.ts'
import { readConsole, readOutput } from './console.ts'
import type { Machine } from './machine.ts'
import { healthPort } from './description.ts'
import { isRunning } from './process.ts'

export interface HealthWait {
  /** Undefined when no port leads to the app: then the console shows when it has started. */
  url: string | undefined
  system: CheckedSystem
  /** Responses with status 200 in a row that it takes: 1 when left out; more where a check that flaps must not pass. */
  times?: number
  signal: AbortSignal
  /** File that keeps the console of a machine that did not become healthy. */
  failedConsole: string
  /** Called with the URL that responded: `https:` where the app speaks TLS. */
  onAnswer?: (url: string) => void
}

/** What a deploy must know of a release to check its health. */
export type CheckedSystem = Pick<SystemConfig, 'health' | 'ports' | 'machine'>

const pollMs = 100
const answerMs = 3000

/**
 * Waits until the machine is healthy: until its health check responds with 200, over HTTP or TLS.
 *
 * @returns seconds from power-on
 * @throws {UserError} naming the cause: at the deadline, when the machine ends or reports a failure, when interrupted
 */
export async function awaitHealth(machine: Machine, wanted: HealthWait, line: Progress): Promise<number> {
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  const { times = 1, system } = wanted
  const { timeout } = system.health
  const failure = (end: Failed['end'], console: string, more: Partial<Failed> = {}): UserError => {
    const emulated = machine.accelerator === 'tcg'
    const context = { ...failedContext(system), emulated, end, qemu: readOutput(machine), ...more }
    return deployError(console, context, wanted.failedConsole)
  }
  let { url } = wanted
  let [good, lost] = [0, 0]
  let [printed, printedAt] = [0, 0]
  for (let last = 'no response yet'; ; await wait(pollMs)) {
    if (wanted.signal.aborted) throw new UserError('interrupted: the machine was stopped')
    const running = isRunning(machine)
    const console = readConsole(machine)
    if (console.length !== printed) [printed, printedAt] = [console.length, seconds()]
    if (isFinal(console)) throw failure('failed', console)
    if (!running) throw failure('ended', console)
    const answer = url === undefined ? consoleAnswer(console) : await ask(url)
    if (answer === 200) {
      good += 1
      if (good < times) continue
      if (url !== undefined) wanted.onAnswer?.(url)
      return seconds()
    }
    lost += good
    good = 0
    last = describeAnswer(url ?? 'the app', answer)
    if (url !== undefined && (answer === 'not HTTP' || answer === 'closed')) url = otherScheme(url)
    line.update(last)
    if (seconds() > timeout) {
      const error = failure('timed out', readConsole(machine), { answer, idle: seconds() - printedAt })
      if (lost === 0) throw error
      throw new UserError(
        `${error.message}; the check is unstable: it passed ${lost} times, never ${times} times in a row`,
        error.hint === undefined ? {} : { hint: error.hint },
      )
    }
  }
}

/** What the release says of its health check, for the explanation of a failure. */
export function failedContext({
  health,
  ports,
  machine,
}: CheckedSystem): Pick<Failed, 'port' | 'path' | 'timeout' | 'memory'> {
  return {
    port: healthPort({ health, ports }),
    path: health.path,
    timeout: health.timeout,
    memory: machine.memory,
  }
}

function describeAnswer(what: string, answer: Answer): string {
  if (typeof answer === 'number') return `${what} responds with ${answer}`
  return answer === 'not HTTP' ? `${what} responds, but not in HTTP` : `${what} does not respond`
}

function consoleAnswer(console: string): Answer {
  return console.includes('"event":"node.started"') ? 200 : 'refused'
}

function ask(url: string): Promise<Answer> {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const question = { port: Number(port), path: `${pathname}${search}`, secure: protocol === 'https:' }
  return askAt(hostname, question, { timeoutMs: answerMs, ref: true })
}

function otherScheme(url: string): string {
  return url.startsWith('https:') ? url.replace('https:', 'http:') : url.replace('http:', 'https:')
}

/** Whether a health check responds with 200 now, over HTTP or TLS. */
export async function isWell(url: string): Promise<boolean> {
  const answer = await ask(url)
  const other = answer === 'not HTTP' || answer === 'closed'
  return (other ? await ask(otherScheme(url)) : answer) === 200
}
