import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../../build/lib/errors.ts'
import type { Progress } from '../../../build/lib/log.ts'
import { tail } from '../../../build/lib/tool.ts'
import { type Answer, askAt } from '../../../kernel/system/probe.ts'
import { type Machine, readConsole, readSaid } from './machine.ts'
import { isRunning } from './process.ts'

export interface HealthWait {
  /** Undefined when no port leads to the app: then the console says when it is well. */
  url: string | undefined
  /** Seconds from power-on. */
  timeout: number
  /** Good answers in a row that it takes: 1 when left out; more where a check that flaps must not pass. */
  times?: number
  signal: AbortSignal
  /** Told the URL as it was answered: `https:` where the app speaks TLS. */
  onAnswer?: (url: string) => void
}

const pollMs = 100
const answerMs = 3000
const consoleLines = 20
const saidLines = 10

/**
 * Waits until the machine answers its health check, over HTTP or TLS.
 *
 * @returns seconds from power-on
 * @throws {UserError} at the deadline, when the machine ends, or when interrupted; with the console's last lines
 */
export async function awaitHealth(machine: Machine, wanted: HealthWait, line: Progress): Promise<number> {
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  const { times = 1 } = wanted
  let { url } = wanted
  let [good, lost] = [0, 0]
  for (let last = 'no answer yet'; ; await wait(pollMs)) {
    if (wanted.signal.aborted) throw new UserError('interrupted: the machine was stopped')
    if (!isRunning(machine)) throw failure('the machine ended before it was healthy', machine)
    const console = readConsole(machine)
    const reboots = whyItReboots(console)
    if (reboots !== undefined) throw failure(reboots, machine)
    const answer = url === undefined ? consoleAnswer(console) : await ask(url)
    if (answer === 200) {
      good += 1
      if (good < times) continue
      if (url !== undefined) wanted.onAnswer?.(url)
      return seconds()
    }
    lost += good
    good = 0
    last = typeof answer === 'number' ? `${url} answers ${answer}` : `${url ?? 'the app'} does not answer`
    if (answer === 'not HTTP' && url !== undefined) url = otherScheme(url)
    line.update(last)
    if (seconds() > wanted.timeout) {
      const flaps = lost === 0 ? '' : `; it flaps: ${lost} answers were good, never ${times} in a row`
      throw failure(`the machine was not healthy within ${wanted.timeout} s: ${last}${flaps}`, machine)
    }
  }
}

function consoleAnswer(console: string): Answer {
  return console.includes('"event":"node.started"') ? 200 : 'none'
}

function ask(url: string): Promise<Answer> {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const question = { port: Number(port), path: `${pathname}${search}`, secure: protocol === 'https:' }
  return askAt(hostname, question, { timeoutMs: answerMs, ref: true })
}

function otherScheme(url: string): string {
  return url.startsWith('https:') ? url.replace('https:', 'http:') : url.replace('http:', 'https:')
}

/** What makes the machine start over, as its console says it, or undefined when it does not. */
export function whyItReboots(console: string): string | undefined {
  const failed = /"event":"init\.failed".*/.exec(console)?.[0]
  if (failed !== undefined) return `the machine cannot start: ${/"error":"(.*)"/.exec(failed)?.[1]}`
  const [, cause] = /"event":"machine\.rebooting","cause":"([^"]*)"/.exec(console) ?? []
  return cause === undefined ? undefined : `the app ends again and again: ${cause}`
}

function failure(message: string, machine: Machine): UserError {
  const console = tail(readConsole(machine), consoleLines)
  const said = tail(readSaid(machine), saidLines)
  return new UserError(message, {
    hint: [
      `the console's last lines:\n\n${console === '' ? '(nothing was printed)' : console}`,
      ...(said === '' ? [] : [`QEMU said:\n\n${said}`]),
      ...(machine.accelerator === 'tcg'
        ? [
            'the CPU is emulated, which is slow: health.timeout in config/system.json can be raised, then npm run build',
          ]
        : []),
    ].join('\n\n'),
  })
}

/** Whether a health check is answered with 200 now, over HTTP or TLS. */
export async function isWell(url: string): Promise<boolean> {
  const answer = await ask(url)
  return (answer === 'not HTTP' ? await ask(otherScheme(url)) : answer) === 200
}
