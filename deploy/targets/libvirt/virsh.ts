import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** A storage pool of the hypervisor, for the files that a machine consists of. */
export class Pool {
  readonly name: string
  /** Its folder on the hypervisor. */
  readonly path: string
  readonly #virsh: Virsh

  private constructor(virsh: Virsh, name: string, path: string) {
    this.#virsh = virsh
    this.name = name
    this.path = path
  }

  /** @throws {UserError} if it does not exist, is not active, or is not a folder */
  static async open(virsh: Virsh, name: string): Promise<Pool> {
    const xml = await virsh.ask('pool-dumpxml', name)
    if (xml === undefined) {
      const make = virsh.words('pool-create-as', name, 'dir', '--target', '/a/folder').join(' ')
      throw new UserError(`deploy.options.pool: no active storage pool '${name}'`, {
        hint: `create one: ${make}; or set deploy.options.pool to an existing one`,
      })
    }
    const [, path] = /<target>\s*<path>([^<]*)<\/path>/.exec(xml) ?? []
    if (!/<pool type=["']dir["']/.test(xml) || path === undefined) {
      throw new UserError(`deploy.options.pool: the storage pool '${name}' is not of type dir`, {
        hint: 'virsh pool-list --details   lists the pools',
      })
    }
    return new Pool(virsh, name, unescapeXml(path))
  }

  pathOf(volume: string): string {
    return `${this.path}/${volume}`
  }

  /** Uploads a file, replacing a volume of that name; `sparse` keeps its holes. A failed upload leaves no volume. */
  async upload(file: string, volume: string, { sparse = false } = {}): Promise<void> {
    const [create, fill] = await this.uploadCommands(file, volume, { sparse })
    await this.remove(volume)
    await this.#virsh.run(...create)
    try {
      await this.#virsh.run(...fill)
    } catch (error) {
      await this.remove(volume)
      throw error
    }
  }

  /** Returns the commands of an upload. */
  async uploadCommands(file: string, volume: string, { sparse = false } = {}): Promise<[string[], string[]]> {
    const { size } = await stat(file)
    const room = sparse ? ['--allocation', '0'] : []
    return [
      ['vol-create-as', this.name, volume, `${size}b`, '--format', 'raw', ...room],
      ['vol-upload', '--pool', this.name, volume, file, ...(sparse ? ['--sparse'] : [])],
    ]
  }

  /** Copies a volume, replacing one of that name. */
  async clone(from: string, to: string): Promise<void> {
    await this.remove(to)
    await this.#virsh.run('vol-clone', '--pool', this.name, from, to)
  }

  /** The command with which a person copies a volume. */
  cloneWords(from: string, to: string): string[] {
    return this.#virsh.words('vol-clone', '--pool', this.name, from, to)
  }

  /** The command with which a person removes a volume. */
  removeWords(volume: string): string[] {
    return this.#virsh.words('vol-delete', '--pool', this.name, volume)
  }

  /** Size of a volume as a machine sees it, in bytes. */
  async capacity(volume: string): Promise<number> {
    const info = await this.#virsh.run('vol-info', '--pool', this.name, '--bytes', volume)
    return Number(/^Capacity:\s+(\d+)/m.exec(info)?.[1])
  }

  async resize(volume: string, bytes: number): Promise<void> {
    await this.#virsh.run('vol-resize', '--pool', this.name, volume, `${bytes}b`)
  }

  /** Creates a volume with a text. @returns false, with nothing changed, if a volume of that name exists */
  async createText(text: string, volume: string): Promise<boolean> {
    return inFolder(async (folder) => {
      await writeFile(join(folder, 'text'), text)
      const [create, fill] = await this.uploadCommands(join(folder, 'text'), volume)
      try {
        await this.#virsh.run(...create)
      } catch (error) {
        if ((await this.volumes()).includes(volume)) return false
        throw error
      }
      await this.#virsh.run(...fill)
      return true
    })
  }

  async uploadText(text: string, volume: string): Promise<void> {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'text'), text, { mode: 0o600 })
      await this.upload(join(folder, 'text'), volume)
    })
  }

  /** Reads a volume, or a file that appeared in the folder of the pool; undefined if neither exists. */
  async read(volume: string): Promise<string | undefined> {
    return inFolder(async (folder) => {
      const file = join(folder, 'text')
      await this.#virsh.run('pool-refresh', this.name)
      const found = await this.#virsh.ask('vol-download', '--pool', this.name, volume, file)
      return found === undefined ? undefined : readFile(file, 'utf8')
    })
  }

  async volumes(): Promise<string[]> {
    await this.#virsh.run('pool-refresh', this.name)
    const list = await this.#virsh.run('vol-list', this.name)
    return list
      .split('\n')
      .flatMap((line) => line.trim().split(/\s+/, 1))
      .filter((name) => name !== '')
  }

  async remove(volume: string): Promise<void> {
    await this.#virsh.ask('vol-delete', '--pool', this.name, volume)
  }
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nodeos-libvirt-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' } as const

/** Escapes text for XML, in content and in attributes. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character as keyof typeof entities])
}

/** Reverses `escapeXml`. */
export function unescapeXml(text: string): string {
  return Object.entries(entities).reduceRight(
    (all, [character, entity]) => all.replaceAll(entity, character),
    text,
  )
}
