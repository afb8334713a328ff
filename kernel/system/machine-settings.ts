import { existsSync, readFileSync } from 'node:fs'
import { parseVariables, strayLine, variableName } from '../contract/environment.ts'

/** What was given to this very machine, beside what was baked into its image. */
export interface Instance {
  hostname?: string
  /** May hold secrets: names may be printed, values never, nor what is no name and may be the rest of a value. */
  env: Record<string, string>
  /** Whether the host may run code in the app: the hypervisor says so, the command line cannot. */
  repl: boolean
  /** What could not be used, and why; without values. */
  problems: string[]
}

export interface InstancePaths {
  /** Folder of QEMU's fw_cfg items. */
  firmware: string
  commandLine: string
}

const longestHostname = 64
const hostnameForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/** Node has read these when the system layer runs: for the app's process they come too late. */
const readAtStart = new Set([
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_PENDING_DEPRECATION',
  'NODE_V8_COVERAGE',
])

/** Reads per-instance settings. The hypervisor's fw_cfg, which may carry secrets, wins over the kernel command line. */
export function readInstance(paths: InstancePaths): Instance {
  const problems: string[] = []
  const commandLine = parseCommandLine(read(paths.commandLine) ?? '')
  const firmware = read(`${paths.firmware}/env/raw`)
  const stray = strayLine(firmware ?? '')
  if (stray !== undefined)
    problems.push(
      `line ${stray} of the environment in fw_cfg must be NAME=value or a comment; none of its variables are set. Put values of several lines in quotes`,
    )
  const given = firmware === undefined || stray !== undefined ? {} : parseVariables(firmware)
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...commandLine.env, ...given })) {
    if (!variableName.test(name))
      problems.push(
        'nodeos.env on the kernel command line has an invalid variable name: use letters, digits and underscores',
      )
    else env[name] = value
    if (readAtStart.has(name))
      problems.push(`Node reads ${name} before per-machine settings apply: set it in app.env`)
  }
  const names = [
    ['in fw_cfg', read(`${paths.firmware}/hostname/raw`)?.trim() || undefined],
    ['on the kernel command line', commandLine.hostname],
  ] as const
  const [, hostname] =
    names.find(([where, name]) => {
      if (name === undefined || isHostname(name)) return name !== undefined
      problems.push(`invalid host name ${where}: use letters, digits and inner hyphens`)
      return false
    }) ?? []
  const repl = read(`${paths.firmware}/repl/raw`)?.trim() === '1'
  return { ...(hostname === undefined ? {} : { hostname }), env, repl, problems }
}

/**
 * Settings on the kernel command line: `nodeos.hostname=name` and `nodeos.env.NAME=value`.
 * As for the kernel, double quotes keep spaces in a value.
 */
export function parseCommandLine(text: string): { hostname?: string; env: Record<string, string> } {
  const found: { hostname?: string; env: Record<string, string> } = { env: {} }
  for (const [word] of text.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    const [, key, value] = /^nodeos\.(hostname|env\.[^=]+)=(.*)$/s.exec(word.replaceAll('"', '')) ?? []
    if (key === undefined || value === undefined) continue
    if (key === 'hostname') found.hostname = value
    else found.env[key.slice('env.'.length)] = value
  }
  return found
}

function isHostname(name: string): boolean {
  return name.length <= longestHostname && hostnameForm.test(name)
}

/** The text of a file, or undefined when there is none; the end that some hypervisors mark with zeros is cut off. */
function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\0', '') : undefined
}
