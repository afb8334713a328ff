import { spawn } from 'node:child_process'
import { UserError } from '../../../config/lib/errors.ts'
import { missingProgram } from '../../../config/lib/find.ts'
import { tail } from '../../../config/lib/run.ts'

/** Runs virsh on one connection. */
export interface Virsh {
  /** What a command prints. @throws {UserError} when it fails */
  run(...command: string[]): Promise<string>
  /** The same, or undefined when what is asked for is not there, or does not run. @throws {UserError} when anything else fails */
  ask(...command: string[]): Promise<string | undefined>
  /** The words that would be run. */
  words(...command: string[]): string[]
}

/** Nothing but this is said of what is not there; of a connection that breaks, there is another line. */
const absent =
  /^error: failed to get (domain|pool|vol) '.*'\n(error: Storage (pool|volume) not found: .*\n)?$|domain is not running/

/** @param uri connection, as `virsh -c` takes it */
export function virshOn(uri: string, signal: AbortSignal): Virsh {
  const words = (...command: string[]): string[] => ['virsh', '--quiet', '--connect', uri, ...command]
  const attempt = async (command: string[], mayBeAbsent: boolean): Promise<string | undefined> => {
    const { status, output, complaint } = await execute(words(...command), signal)
    if (signal.aborted) throw new UserError(`interrupted: virsh ${command[0]} did not finish`)
    if (status === 0) return output
    if (mayBeAbsent && absent.test(complaint)) return undefined
    throw new UserError(`virsh ${command[0]} on ${uri} failed`, {
      hint: tail(complaint, 5).replaceAll(/^error: /gm, '') || `virsh exited with status ${status}`,
    })
  }
  return {
    words,
    run: async (...command) => (await attempt(command, false)) ?? '',
    ask: (...command) => attempt(command, true),
  }
}

async function execute(
  [program = '', ...args]: string[],
  signal: AbortSignal,
): Promise<{ status: number | null; output: string; complaint: string }> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    signal,
  })
  let [output, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('close', resolve)
  child.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') reject(missingProgram(program, 'deploy to libvirt'))
    else resolve(null)
  })
  const status = await promise
  return { status, output, complaint }
}
