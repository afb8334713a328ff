import { spawn } from 'node:child_process'
import { UserError } from '../../../build/lib/errors.ts'
import { missingTool, tail } from '../../../build/lib/tool.ts'

/** Runs virsh on one connection. */
export interface Virsh {
  /** What a command prints. @throws {UserError} when it fails */
  run(...command: string[]): Promise<string>
  /** The same, or undefined when it fails: what is asked for may not be there. */
  ask(...command: string[]): Promise<string | undefined>
  /** The words that would be run. */
  words(...command: string[]): string[]
}

/** @param uri connection, as `virsh -c` takes it */
export function virshOn(uri: string, signal: AbortSignal): Virsh {
  const words = (...command: string[]): string[] => ['virsh', '--quiet', '--connect', uri, ...command]
  const run = async (...command: string[]): Promise<string> => {
    const { status, output, complaint } = await execute(words(...command), signal)
    if (signal.aborted) throw new UserError('interrupted')
    if (status === 0) return output
    throw new UserError(`virsh ${command[0]} on ${uri} failed`, {
      hint: tail(complaint, 5).replaceAll(/^error: /gm, '') || `virsh ended with status ${status}`,
    })
  }
  return { run, words, ask: (...command) => run(...command).catch(() => undefined) }
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
    if (error.code === 'ENOENT') reject(missingTool(program, 'deploy to libvirt'))
    else resolve(null)
  })
  const status = await promise
  return { status, output, complaint }
}
