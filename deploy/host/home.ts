import { mkdir, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { readJson, writeJson } from '../../config/lib/json.ts'
import type { PortForward } from '../qemu/command.ts'

/** Settings of an appliance by the owner of the host; a release cannot change them. */
export interface Settings {
  /** Address on which its published ports listen. */
  bind: string
  /** Overrides of the host ports that a release requests. */
  publish: PortForward[]
  /** Most memory that a release may request, in MiB. */
  memory?: number
  /** Most virtual CPUs that a release may request. */
  cpus?: number
  /** Folder of a cgroup v2 that limits its machines, on hosts without systemd. */
  cgroup?: string
  /** How many releases are kept for a rollback. */
  keep: number
  /** File of KEY=value lines that its machines get as environment variables. */
  env?: string
}

export const defaults: Settings = { bind: '0.0.0.0', publish: [], keep: 5 }

const appliancePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export const usualHome: string = join(homedir(), 'nodeos')

/** The folder of a host: each appliance has a repository and a folder in it. */
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

  /** Reads the settings of an appliance. @throws {UserError} when they are damaged: without them a release has no limits */
  async settings(name: string): Promise<Settings> {
    const file = this.#settingsFile(name)
    return { ...defaults, ...(readJson(file, file) as Partial<Settings> | undefined) }
  }

  async saveSettings(name: string, settings: Settings): Promise<void> {
    await mkdir(this.folder(name), { recursive: true, mode: 0o700 })
    await writeJson(this.#settingsFile(name), settings)
  }

  #settingsFile(name: string): string {
    return join(this.folder(name), 'appliance.json')
  }
}

/** Checks the name of an appliance. @throws {UserError} when it is invalid */
export function checkName(name: string): string {
  if (appliancePattern.test(name)) return name
  throw new UserError(`invalid appliance name '${name}'`, {
    hint: 'use lower-case letters, digits and inner hyphens',
  })
}
