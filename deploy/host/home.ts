import { mkdir, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { writeJson } from '../../config/lib/json.ts'
import { log } from '../../config/lib/log.ts'
import type { PortForward } from '../qemu/command.ts'

/** What the owner of a host says about an appliance; a release cannot change it. */
export interface Settings {
  /** Address on which its ports listen. */
  bind: string
  /** Guest ports and the host's ports that lead to them, in the place of what a release asks for. */
  publish: PortForward[]
  /** Most memory that a release may ask for, in MiB. */
  memory?: number
  /** Most virtual CPUs that a release may ask for. */
  cpus?: number
  /** Folder of a cgroup v2 in which its machines are held, where no systemd holds them. */
  cgroup?: string
  /** How many releases are kept ready to run. */
  keep: number
  /** File of KEY=value lines that each machine of it is given. */
  env?: string
}

export const defaults: Settings = { bind: '0.0.0.0', publish: [], keep: 5 }

const appliancePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export const usualHome: string = join(homedir(), 'nodeos')

/** Where a host keeps what: one folder, each appliance its own repository and folder in it. */
export class Home {
  readonly path: string

  constructor(path: string | undefined) {
    this.path = resolve(path || process.env['NODEOS_HOST'] || usualHome)
  }

  /** The service's socket. */
  get socket(): string {
    return join(this.path, 'service.sock')
  }

  get log(): string {
    return join(this.path, 'service.log')
  }

  /** The bare repository that releases are pushed to. */
  repository(name: string): string {
    return join(this.path, `${name}.git`)
  }

  /** Data disk of an appliance. */
  dataFile(name: string): string {
    return join(this.folder(name), 'data.qcow2')
  }

  /** State of an appliance. */
  folder(name: string): string {
    return join(this.path, name)
  }

  /** Names of the appliances. */
  async appliances(): Promise<string[]> {
    const entries = await readdir(this.path).catch(() => [])
    return entries
      .filter((name) => name.endsWith('.git'))
      .map((name) => name.slice(0, -'.git'.length))
      .sort()
  }

  /** @throws {UserError} when they cannot be read: without them a release had no limits */
  async settings(name: string): Promise<Settings> {
    const own = await readStrictly<Partial<Settings>>(this.#settingsFile(name))
    return { ...defaults, ...own }
  }

  async saveSettings(name: string, settings: Settings): Promise<void> {
    await mkdir(this.folder(name), { recursive: true, mode: 0o700 })
    await writeJson(this.#settingsFile(name), settings)
  }

  #settingsFile(name: string): string {
    return join(this.folder(name), 'appliance.json')
  }
}

/** @throws {UserError} when no appliance can be called that */
export function checkName(name: string): string {
  if (appliancePattern.test(name)) return name
  throw new UserError(`invalid appliance name '${name}'`, {
    hint: 'use lower-case letters, digits and inner hyphens',
  })
}

/** What a JSON file says; what cannot be read is as if it were not there, and said. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  return readStrictly<T>(file).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
    log.warn(`${error.message}: it is ignored`)
    return undefined
  })
}

async function readStrictly<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as T
  } catch (error) {
    throw new UserError(`${file} is not valid JSON`, { hint: 'correct the file, or remove it', cause: error })
  }
}
