import { realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'
import { type Elf, readElf } from './elf.ts'
import type { Arch } from './platform.ts'

/** Shared libraries of this host: the name that programs ask for, and its file. */
export type HostLibraries = ReadonlyMap<string, string>

/** A library that the loader finds on this host. */
export interface FoundLibrary {
  file: string
  /** Found along a path that begins at the file that needs it, so that it moves with it. */
  relative: boolean
}

/** The libraries that a compiled file needs. */
export interface Needed {
  /** By the name that the file contains. */
  found: Map<string, FoundLibrary>
  /** Names that are not found. */
  missing: string[]
}

/** Lists the libraries in this host's loader cache. */
export function hostLibraries(arch: Arch): HostLibraries {
  const listing = runSync(['ldconfig', '-p'], { purpose: 'find the shared libraries of native addons' })
  const kind = arch === 'x64' ? 'x86-64' : 'AArch64'
  const libraries = new Map<string, string>()
  for (const [, name = '', about = '', file = ''] of listing.matchAll(/^\s*(\S+) \((.*?)\) => (\S+)$/gm)) {
    // The loader takes the first.
    if (about.includes(kind) && !libraries.has(name)) libraries.set(name, file)
  }
  return libraries
}

/** Returns the names of all libraries that a program loads, directly or not, including its loader. */
export function namesOf(binary: string, host: HostLibraries): Set<string> {
  const { found, missing } = librariesOf(binary, host, new Set())
  return new Set([...found.keys(), ...missing])
}

/**
 * Finds the libraries that a compiled file needs, directly or not, as the loader does: along the
 * file's own path (`$ORIGIN/…`), then on the host.
 *
 * @param present names of libraries that the layer has already
 */
export function librariesOf(binary: string, host: HostLibraries, present: ReadonlySet<string>): Needed {
  const needed: Needed = { found: new Map(), missing: [] }
  const visit = (file: string): void => {
    const elf = readElf(file)
    if (typeof elf === 'string') return
    for (const name of elf.needed) {
      if (present.has(name) || needed.found.has(name) || needed.missing.includes(name)) continue
      const library = onPath(file, elf, name) ?? onHost(host, name)
      if (library === undefined) {
        needed.missing.push(name)
        continue
      }
      needed.found.set(name, library)
      visit(library.file)
    }
  }
  visit(binary)
  return needed
}

function onPath(file: string, { machine, rpath }: Elf, name: string): FoundLibrary | undefined {
  const origin = dirname(realpathSync(file))
  for (const folder of rpath) {
    const path = join(folder.replaceAll(/\$(ORIGIN|\{ORIGIN\})/g, origin), name)
    if (path.startsWith('/') && isLibrary(path, machine)) {
      return { file: path, relative: folder.startsWith('$') }
    }
  }
  return undefined
}

function onHost(host: HostLibraries, name: string): FoundLibrary | undefined {
  const file = host.get(name)
  return file === undefined ? undefined : { file, relative: false }
}

/** Like the loader, skips a file of that name for another processor. */
function isLibrary(path: string, machine: Elf['machine']): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  const elf = readElf(path)
  return typeof elf !== 'string' && elf.machine === machine
}
