import { createHash, type Hash } from 'node:crypto'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { guestConfig, initConf } from '../../config/guest.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { UserError } from '../lib/errors.ts'
import { type Addon, carryLibraries, isForElsewhere } from './addons.ts'
import { type Package, productionClosure } from './closure.ts'
import { neverRuns } from './prune.ts'
import { isTypeScript, stripTypes } from './typescript.ts'

export interface Staged {
  /** Changes when any file of the layer does. */
  sha256: string
  files: number
  /** What the layer leaves out of dependencies because it never runs. */
  pruned: { files: number; bytes: number }
  packages: Package[]
}

/** Never in an image, wherever it lies: secrets and what is not part of a program. */
const neverPacked = /^(\.env(\..+)?|\.git|\.npmrc|\.DS_Store|node_modules|id_(rsa|ed25519|ecdsa))$/

/** Files of config/ that are the build's, not the app's. */
const systemConfig = /^(system\.json|local\.json|.*\.ts|system\.schema\.json)$/

/** Where libraries of native addons go, relative to the layer. */
const libraries = '.nodeos/lib'

/** Lays out the app layer in an empty folder: a mirror of the repository with what the app needs to run. */
export async function stageApp(root: string, config: SystemConfig, into: string): Promise<Staged> {
  const stage = new Stage(root, into)
  const { packages, links } = await productionClosure(root)
  await stage.manifest()
  await stage.own('app', () => true)
  await stage.own('config', (name) => !systemConfig.test(name))
  for (const path of config.app.include) await stage.included(path)
  for (const found of packages) await stage.package(found, config.app.prune)
  for (const [path, target] of links) await stage.link(path, target)
  await stage.requireEntry(config.app.entry)
  const carried = await carryLibraries(stage.addons, join(into, libraries))
  const env = carried ? { LD_LIBRARY_PATH: `/srv/${libraries}` } : {}
  await stage.text('.nodeos/system.json', `${JSON.stringify(guestConfig(config))}\n`)
  await stage.text('.nodeos/init.conf', initConf(config, env))
  return { ...(await digest(into)), pruned: stage.pruned, packages }
}

/** The layer while it is laid out. */
class Stage {
  readonly addons: Addon[] = []
  readonly pruned = { files: 0, bytes: 0 }
  readonly root: string
  readonly into: string

  constructor(root: string, into: string) {
    this.root = root
    this.into = into
  }

  /** package.json, less what only npm and people read. */
  async manifest(): Promise<void> {
    const all = JSON.parse(await readFile(join(this.root, 'package.json'), 'utf8')) as Record<string, unknown>
    const kept = ['name', 'version', 'type', 'main', 'exports', 'imports', 'dependencies']
    const entries = kept.filter((key) => key in all).map((key) => [key, all[key]])
    await this.text('package.json', `${JSON.stringify(Object.fromEntries(entries))}\n`)
  }

  /** A folder of the repository, with its types stripped. */
  async own(folder: string, wanted: (name: string) => boolean): Promise<void> {
    await this.tree(join(this.root, folder), async (file, name) => {
      if (wanted(name)) await this.file(file, join(folder, name), true)
    })
  }

  async included(path: string): Promise<void> {
    const file = join(this.root, path)
    const found = await lstat(file).catch(() => undefined)
    if (found === undefined || relative(this.root, file).startsWith('..')) {
      throw new UserError(`app.include: there is no ${path} in the repository`)
    }
    if (found.isDirectory()) await this.own(path, () => true)
    else await this.file(file, path, true)
  }

  async package({ name, folder, manifest }: Package, prune: boolean): Promise<void> {
    const isWorkspace = !folder.split(sep).includes('node_modules')
    await this.tree(join(this.root, folder), async (file, path) => {
      if (isForElsewhere(path)) return
      if (prune && !isWorkspace && neverRuns(path.replaceAll(sep, '/'), manifest)) {
        this.pruned.files += 1
        this.pruned.bytes += (await lstat(file)).size
        return
      }
      if (path.endsWith('.node')) this.addons.push({ package: name, name: path, file })
      await this.file(file, join(folder, path), isWorkspace)
    })
  }

  async link(path: string, target: string): Promise<void> {
    const place = join(this.into, path)
    await mkdir(dirname(place), { recursive: true })
    await symlink(relative(dirname(place), join(this.into, target)), place)
  }

  async text(path: string, text: string): Promise<void> {
    const place = join(this.into, path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, text)
  }

  async requireEntry(entry: string): Promise<void> {
    const found = await lstat(join(this.into, entry)).catch(() => undefined)
    if (found === undefined) {
      throw new UserError(`app.entry: there is no ${entry} in the repository`, {
        hint: 'name the file that Node shall start in config/system.json',
      })
    }
  }

  private async file(file: string, path: string, strip: boolean): Promise<void> {
    const place = join(this.into, path)
    await mkdir(dirname(place), { recursive: true })
    const found = await lstat(file)
    if (found.isSymbolicLink()) return symlink(await this.insideLink(file), place)
    if (!found.isFile()) throw new UserError(`${file} is neither a file, a folder nor a link`)
    if (strip && isTypeScript(path)) await writeFile(place, stripTypes(await readFile(file, 'utf8'), file))
    else await copyFile(file, place)
    await chmod(place, (found.mode & 0o111) === 0 ? 0o644 : 0o755)
  }

  private async insideLink(file: string): Promise<string> {
    const target = await readlink(file)
    if (relative(this.root, join(dirname(file), target)).startsWith('..') || target.startsWith('/')) {
      throw new UserError(`${file} is a link to ${target}, outside the repository`)
    }
    return target
  }

  /** Calls back for every file and link below a folder that may be packed. */
  private async tree(folder: string, visit: (file: string, name: string) => Promise<void>): Promise<void> {
    const walk = async (path: string): Promise<void> => {
      for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
        if (neverPacked.test(entry.name)) continue
        const name = join(path, entry.name)
        if (entry.isDirectory()) await walk(name)
        else await visit(join(folder, name), name)
      }
    }
    await walk('')
  }
}

/** Hashes names, modes, links and contents of a tree in the order of their names. */
async function digest(folder: string): Promise<{ sha256: string; files: number }> {
  const hash = createHash('sha256')
  return { files: await digestInto(hash, folder, ''), sha256: hash.digest('hex') }
}

async function digestInto(hash: Hash, folder: string, path: string): Promise<number> {
  let files = 0
  const entries = await readdir(join(folder, path), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = join(path, entry.name)
    const file = join(folder, name)
    if (entry.isDirectory()) {
      files += await digestInto(hash, folder, name)
    } else if (entry.isSymbolicLink()) {
      hash.update(`link\0${name}\0${await readlink(file)}\0`)
    } else {
      const content = await readFile(file)
      const { mode } = await lstat(file)
      hash.update(`file\0${name}\0${mode & 0o111}\0${content.length}\0`).update(content)
      files += 1
    }
  }
  return files
}
