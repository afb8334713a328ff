import { config as readDotenv } from 'dotenv'
import { join } from 'node:path'
import { dist, root } from '../../config/lib/paths.ts'
import { loadConfig } from '../../config/load.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Control, openControl } from '../control/client.ts'
import { type Context, loadTarget, type Target, verb } from '../target.ts'

/** Loads the configured target, and makes its context. */
export async function configuredTarget(): Promise<{ target: Target; context: Context }> {
  const config = await loadConfig()
  const context = makeContext(join(dist, 'run'), config)
  return { target: await loadTarget(config.deploy.target), context }
}

/**
 * Makes the context of a command. Credentials come from the environment or from `.env`.
 *
 * @param state folder for what the command must remember
 */
export function makeContext(state: string, config: SystemConfig): Context {
  readDotenv({ path: join(root, '.env'), quiet: true })
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt)
  // A closed terminal may send SIGHUP more than once, and accepts no more output.
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
 * Connects to the control channel of the configured target's machine.
 *
 * @throws {UserError} when the target has none, or nothing responds
 */
export async function configuredControl(): Promise<Control> {
  const { target, context } = await configuredTarget()
  const control = await openControl(await verb(target, 'control')(context))
  context.signal.addEventListener('abort', () => control.close())
  return control
}
