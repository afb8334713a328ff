import { UserError } from '../../../config/lib/errors.ts'
import { tail, tryRun } from '../../../config/lib/run.ts'

/** Runs virsh on one connection. */
export interface Virsh {
  /** Returns the output of a command. @throws {UserError} if it fails */
  run(...command: string[]): Promise<string>
  /** The same; undefined if the object does not exist, or the domain does not run. @throws {UserError} if anything else fails */
  ask(...command: string[]): Promise<string | undefined>
  /** Returns the command line. */
  words(...command: string[]): [string, ...string[]]
}

/** The whole output about an object that does not exist; about a broken connection, there is another line. */
const absent =
  /^error: failed to get (domain|pool|vol) '.*'\n(error: Storage (pool|volume) not found: .*\n)?$|domain is not running/

/** @param uri connection, as `virsh -c` takes it */
export function virshOn(uri: string): Virsh {
  const words = (...command: string[]): [string, ...string[]] => [
    ...(['virsh', '--quiet', '--connect', uri] as const),
    ...command,
  ]
  const attempt = async (command: string[], mayBeAbsent: boolean): Promise<string | undefined> => {
    const options = { purpose: 'deploy to libvirt', env: { LC_ALL: 'C' } }
    const { status, stdout, stderr } = await tryRun(words(...command), options)
    if (status === 0) return stdout
    if (mayBeAbsent && absent.test(stderr)) return undefined
    throw new UserError(`virsh ${command[0]} on ${uri} failed`, {
      hint: tail(stderr, 5).replaceAll(/^error: /gm, '') || `virsh exited with status ${status}`,
    })
  }
  return {
    words,
    run: async (...command) => (await attempt(command, false)) ?? '',
    ask: (...command) => attempt(command, true),
  }
}
