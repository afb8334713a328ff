import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** What was given to this very machine, beside what was baked into its image. */
export interface Instance {
  hostname?: string
  /** May hold secrets: names may be printed, values never. */
  env: Record<string, string>
}

export interface InstancePaths {
  /** Folder of QEMU's fw_cfg items. */
  firmware: string
  commandLine: string
}

const guest: InstancePaths = {
  firmware: '/sys/firmware/qemu_fw_cfg/by_name/opt/nodeos',
  commandLine: '/proc/cmdline',
}

/** Reads per-instance settings. The hypervisor's fw_cfg, which may carry secrets, wins over the kernel command line. */
export function readInstance(paths: InstancePaths = guest): Instance {
  const commandLine = parseCommandLine(read(paths.commandLine) ?? '')
  const env = read(`${paths.firmware}/env/raw`)
  const hostname = read(`${paths.firmware}/hostname/raw`)?.replaceAll('\0', '').trim() || commandLine.hostname
  return {
    ...(hostname === undefined ? {} : { hostname }),
    env: { ...commandLine.env, ...(env === undefined ? {} : definedOnly(parseEnv(env))) },
  }
}

/**
 * Settings on the kernel command line: `nodeos.hostname=name` and `nodeos.env.NAME=value`.
 * As for the kernel, double quotes keep spaces in a value.
 */
export function parseCommandLine(text: string): Instance {
  const instance: Instance = { env: {} }
  for (const [word] of text.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    const [, name, value] = /^nodeos\.(hostname|env\.[A-Za-z_]\w*)=(.*)$/s.exec(word.replaceAll('"', '')) ?? []
    if (name === undefined || value === undefined) continue
    if (name === 'hostname') instance.hostname = value
    else instance.env[name.slice('env.'.length)] = value
  }
  return instance
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function definedOnly(env: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
