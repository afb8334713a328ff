import { realpathSync, statSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { UserError } from '../lib/errors.ts'
import type { Package } from './closure.ts'
import { type Elf, type Foreign, readElf } from './elf.ts'
import { type HostLibraries, librariesOf } from './libraries.ts'
import { type Arch, namesAnother } from './platform.ts'
import type { Tree } from './tree.ts'

/** A compiled file in the app layer. */
interface Compiled {
  /** Relative to the repository. */
  path: string
  source: string
  /** The package that it belongs to; undefined for the app itself. */
  owner: Package | undefined
}

/** Where the libraries go that only addons need, relative to the layer. */
export const libraryFolder = '.nodeos/lib'

/** What is known of the machine that addons are to run in. */
export interface Guest {
  /** Names of the libraries in the runtime layer. */
  runtime: ReadonlySet<string>
  host: HostLibraries
}

/**
 * Checks that every native addon in a tree can be loaded in the guest. Prebuilt ones for other platforms are
 * taken out; the shared libraries of this host that the others need are put in.
 *
 * @param guest asked for only when there are addons
 * @returns whether there are such libraries, so that the loader must be told of the folder
 * @throws {UserError} naming the package of an addon that cannot be loaded, and why
 */
export function settleAddons(
  tree: Tree,
  { packages, arch }: { packages: Package[]; arch: Arch },
  guest: () => Guest,
): boolean {
  const fitting: Compiled[] = []
  const dropped = new Map<Package | undefined, string[]>()
  for (const file of compiledFiles(tree, packages)) {
    const inPackage = relative(file.owner?.folder ?? '', file.path)
    const reason = unfit(readElf(file.source), arch)
    if (reason === undefined) {
      fitting.push(file)
    } else if (namesAnother(arch, inPackage)) {
      tree.delete(file.path)
      dropped.set(file.owner, [...(dropped.get(file.owner) ?? []), inPackage])
    } else if (isAddon(file.path)) {
      throw refused(file.owner, `${inPackage} ${reason}`)
    }
  }
  const addons = fitting.filter(({ path }) => isAddon(path))
  for (const [owner, paths] of dropped) {
    if (!paths.some(isAddon) || addons.some((addon) => addon.owner === owner)) continue
    throw refused(owner, `it has only ${paths.filter(isAddon).join(', ')}`)
  }
  return addons.length > 0 && carryLibraries(tree, addons, guest())
}

function isAddon(path: string): boolean {
  return path.endsWith('.node')
}

function compiledFiles(tree: Tree, packages: Package[]): Compiled[] {
  const found: Compiled[] = []
  for (const [path, entry] of tree) {
    if (entry.kind !== 'copy' || !/\.(node|so(\.\d+)*)$/.test(basename(path))) continue
    const owners = packages.filter(({ folder }) => path.startsWith(`${folder}/`))
    const owner = owners.sort((a, b) => b.folder.length - a.folder.length)[0]
    found.push({ path, source: entry.source, owner })
  }
  return found
}

/** Why a file cannot be loaded in the guest. */
function unfit(elf: Elf | Foreign, arch: Arch): string | undefined {
  if (elf === 'unknown') return 'is not a compiled library'
  if (typeof elf === 'string') return `is compiled for ${elf}`
  if (elf.machine !== arch) return `is compiled for another processor (${elf.machine})`
  const musl = elf.needed.some((name) => /^(libc\.musl-.*|libc\.so)$/.test(name))
  return musl ? 'is linked with musl, and the machine has glibc' : undefined
}

function carryLibraries(tree: Tree, addons: Compiled[], { host, runtime }: Guest): boolean {
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

function refused(owner: Package | undefined, reason: string): UserError {
  const whose = owner === undefined ? 'of the app' : `of ${owner.name}`
  return new UserError(`the native addon ${whose} cannot run in the machine: ${reason}`, {
    hint:
      owner === undefined
        ? 'compile it for Linux with glibc on the processor of the machine, or take it out of app/'
        : `reinstall it on this host: rm -rf ${owner.folder} && npm install\n` +
          `or compile it here: npm rebuild ${owner.name} --build-from-source`,
  })
}
