import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { runSync } from '../../config/lib/run.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Elf, readElf } from './elf.ts'

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
export function hostLibraries(arch: SystemConfig['machine']['arch']): HostLibraries {
  const listing = runSync(['ldconfig', '-p'], { purpose: 'find the shared libraries of this host' })
  const kind = arch === 'x64' ? 'x86-64' : 'AArch64'
  const libraries = new Map<string, string>()
  for (const [, name = '', about = '', file = ''] of listing.matchAll(/^\s*(\S+) \((.*?)\) => (\S+)$/gm)) {
    // The loader takes the first. Some have another file for newer CPUs than the machine may have.
    const fits = about.includes(kind) && !about.includes('hwcap')
    if (fits && !libraries.has(name)) libraries.set(name, file)
  }
  return libraries
}

/**
 * Finds the libraries that a compiled file needs, directly or not, as the loader does: along the
 * file's own path (`$ORIGIN/…`), then on the host. The loader of a program is one of them.
 *
 * @param present names of libraries that the layer has already
 */
export function librariesOf(
  binary: string,
  host: HostLibraries,
  present: ReadonlySet<string> = new Set(),
): Needed {
  const needed: Needed = { found: new Map(), missing: [] }
  const visit = (file: string): void => {
    const elf = readElf(file)
    if (typeof elf === 'string') return
    const { interpreter } = elf
    if (interpreter !== undefined)
      needed.found.set(basename(interpreter), { file: interpreter, relative: false })
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

/**
 * Finds the libraries of a program of this host.
 *
 * @throws {UserError} naming those that this host does not have
 */
export function librariesOfProgram(program: string, host: HostLibraries): ReadonlyMap<string, FoundLibrary> {
  const { found, missing } = librariesOf(program, host)
  if (missing.length === 0) return found
  throw new UserError(`${program} needs libraries that this host does not have: ${missing.join(', ')}`, {
    hint: 'npm run doctor   shows what is missing and how to install it',
  })
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
