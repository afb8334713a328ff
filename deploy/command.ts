import { config as readDotenv } from 'dotenv'
import { join } from 'node:path'
import { UserError } from '../config/lib/errors.ts'
import { main } from '../config/lib/main.ts'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { dist, root } from '../config/lib/paths.ts'
import { type Control, openControl } from './control/client.ts'
import { type Context, loadTarget, type Report, type Target, verb } from './target.ts'

/** The configured target and what it works with. Credentials come from the environment or from `.env`. */
export async function configuredTarget(): Promise<{ target: Target; context: Context }> {
  const config = await loadConfig()
  const context = contextIn(join(dist, 'run'), config)
  return { target: await loadTarget(config.deploy.target), context }
}

/** What a command works with. @param state folder for what it must remember */
export function contextIn(state: string, config: SystemConfig): Context {
  readDotenv({ path: join(root, '.env'), quiet: true })
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt)
  // A terminal that is closed may say so more than once, and takes no more output.
  process.on('SIGHUP', interrupt)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', interrupt)
  return {
    config,
    state,
    env: process.env,
    signal: interrupted.signal,
    fetch,
    print: (text) => void process.stdout.write(text),
  }
}

/**
 * A conversation with the machine of the configured target, over its control channel.
 *
 * @throws {UserError} when the target has none, or nothing answers
 */
export async function configuredControl(): Promise<Control> {
  const { target, context } = await configuredTarget()
  const control = await openControl(await verb(target, 'control')(context))
  context.signal.addEventListener('abort', () => control.close())
  return control
}

/**
 * The number that a flag was given.
 *
 * @throws {UserError} naming the flag
 */
export function positiveNumber(flag: string, text: string): number {
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new UserError(`${flag}: must be a number above 0, got '${text}'`)
}

/** The program `npm run deploy:<name>` of a verb that takes nothing and reports. */
export function reportingCommand(
  module: ImportMeta,
  name: 'list' | 'status' | 'stop',
  summary: string,
): Promise<void> {
  return main(
    module,
    {
      usage: `npm run deploy:${name} --`,
      summary: `${summary}\n\nexample: npm run deploy:${name} -- --json`,
      options: { json: { type: 'boolean' } },
      help: { json: 'print JSON' },
    },
    async ({ values }) => {
      const { target, context } = await configuredTarget()
      printReport(await verb(target, name)(context), values.json === true)
    },
  )
}

/** Prints what came of a verb, and sets the exit status. */
export function printReport(report: Report, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(report.data)}\n` : `${report.text}\n`)
  if (report.status !== undefined) process.exitCode = report.status
}
