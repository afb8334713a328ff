import { type Answer, askAt } from '../../kernel/contract/probe.ts'
import { readConsole, readOutput } from './console.ts'
import type { Machine } from './machine.ts'
import { isRunning } from '../../config/lib/process.ts'

const responseMs = 3000

/** A machine that is being checked. */
export interface Watched {
  emulated: boolean
  /** Whether it runs. @throws {UserError} if it stalls */
  isRunning(): boolean | Promise<boolean>
  console(): string | Promise<string>
  check(console: string): Promise<Check>
  /** Returns the output of the hypervisor itself. */
  output?(): string
}

/** The result of one health check. */
export interface Check {
  /** 200 if the machine is healthy. */
  response?: Answer
  /** For the progress line. */
  text: string
  /** Whether the machine itself has given up. */
  over?: boolean
}

/**
 * Checks a machine at a URL, over HTTP or TLS; without a URL its console shows when the app has started.
 *
 * @returns `url` is the one that is checked: `https:` once the app has responded in TLS
 */
export function watch(
  machine: Machine,
  healthUrl: string | undefined,
): Watched & { url(): string | undefined } {
  let url = healthUrl
  return {
    emulated: machine.accelerator === 'tcg',
    url: () => url,
    isRunning: () => isRunning(machine),
    console: () => readConsole(machine),
    output: () => readOutput(machine),
    async check(console) {
      const response = url === undefined ? consoleResponse(console) : await request(url)
      const text = describeResponse(url ?? 'the app', response)
      if (url !== undefined && (response === 'not HTTP' || response === 'closed')) url = otherScheme(url)
      return { response, text }
    },
  }
}

/** Whether a health check responds with 200 now, over HTTP or TLS. */
export async function isHealthy(url: string): Promise<boolean> {
  const response = await request(url)
  const other = response === 'not HTTP' || response === 'closed'
  return (other ? await request(otherScheme(url)) : response) === 200
}

function describeResponse(what: string, response: Answer): string {
  if (typeof response === 'number') return `${what} responds with ${response}`
  return response === 'not HTTP' ? `${what} responds, but not in HTTP` : `${what} does not respond`
}

function consoleResponse(console: string): Answer {
  return console.includes('"event":"node.started"') ? 200 : 'refused'
}

function request(url: string): Promise<Answer> {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const question = { port: Number(port), path: `${pathname}${search}`, secure: protocol === 'https:' }
  return askAt(hostname, question, { timeoutMs: responseMs, ref: true })
}

function otherScheme(url: string): string {
  return url.startsWith('https:') ? url.replace('https:', 'http:') : url.replace('http:', 'https:')
}
