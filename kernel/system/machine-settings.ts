import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { parseVariables, strayLine, variableName } from '../contract/environment.ts'
import type { Paths } from './paths.ts'

/** Settings of one machine, which are not in its image. */
export interface MachineSettings {
  hostname?: string
  /** May contain secrets: names may be printed, values and invalid lines never. */
  env: Record<string, string>
  /** Whether the host may run code in the app. Only fw_cfg can allow it, not the command line. */
  repl: boolean
  /** Invalid settings, without their values. */
  problems: string[]
}

const longestHostname = 64
const hostnameForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/** Node reads these before the system layer runs. */
const readAtStart = new Set([
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_PENDING_DEPRECATION',
  'NODE_V8_COVERAGE',
])

/** Reads per-machine settings. fw_cfg, which may contain secrets, overrides the kernel command line. */
export function readMachineSettings(paths: Pick<Paths, 'firmware' | 'commandLine'>): MachineSettings {
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

/** Reads a file, if it exists, without the zeros that some hypervisors append. */
function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\0', '') : undefined
}

/**
 * Makes the per-machine time zone the default of programs that do not read `TZ`.
 *
 * @returns whether the zone exists
 */
export function linkZone(name: string, { zones, localtime }: Pick<Paths, 'zones' | 'localtime'>): boolean {
  const file = `${zones}/${name.replace(/^:/, '')}`
  if (name === '' || name.includes('..') || !existsSync(file)) return false
  rmSync(localtime, { force: true })
  symlinkSync(file, localtime)
  return true
}
