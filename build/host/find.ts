import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { findProgram } from '../../config/lib/find.ts'
import { tryRunSync } from '../../config/lib/run.ts'
import { type HostFacts, installCommand } from './facts.ts'
import { findLoader, findOvmf, type LoaderFile } from './loaders.ts'
import type { Requirement } from './tools.ts'

type Places = Pick<HostFacts, 'path' | 'includes'>

/** Returns the requirements that the host does not meet. */
export function findMissing(wanted: readonly Requirement[], places: Places): Requirement[] {
  return wanted.filter((requirement) => !isPresent(requirement, places))
}

function isPresent(requirement: Requirement, { path, includes }: Places): boolean {
  const { kind, name } = requirement
  if (kind === 'command') return findProgram(name, path) !== undefined
  if (kind === 'firmware') return findOvmf() !== undefined
  if (kind === 'loader') return findLoader(name as LoaderFile) !== undefined
  if (kind === 'header' && includes.some((folder) => existsSync(join(folder, name)))) return true
  const gcc = findProgram('gcc', path)
  if (gcc === undefined) return false
  return kind === 'header' ? compilerFindsHeader(gcc, name) : compilerFindsLibrary(gcc, name)
}

const purpose = 'look for headers and libraries'

/** Searches a header as the compiler does: some distributions have other folders. */
function compilerFindsHeader(gcc: string, name: string): boolean {
  const input = `#include <${name}>\n`
  return tryRunSync([gcc, '-fsyntax-only', '-x', 'c', '-'], { purpose, input }).status === 0
}

function compilerFindsLibrary(gcc: string, name: string): boolean {
  const result = tryRunSync([gcc, `-print-file-name=${name}`], { purpose })
  return result.status === 0 && isAbsolute(result.stdout.trim())
}

/** Describes a missing requirement and its purpose. */
export function describeMissing({ kind, name, purpose }: Requirement): string {
  const what = kind === 'command' ? `'${name}'` : `the ${kind} '${name}'`
  return `could not find ${what}, which is needed to ${purpose}`
}

/** Lists the packages of requirements, each once. */
export function packagesFor(
  missing: readonly Requirement[],
  manager: keyof Requirement['packages'],
): string[] {
  return [...new Set(missing.flatMap(({ packages }) => packages[manager].split(' ')))].sort()
}

/** Returns how to install what is missing: a command, or words if the distribution is unknown. */
export function remedy(
  missing: readonly Requirement[],
  { distribution, root }: Pick<HostFacts, 'distribution' | 'root'>,
): string {
  const { manager, name } = distribution
  if (manager === undefined) {
    return `install them with the package manager of ${name}; the Debian packages are: ${packagesFor(missing, 'apt').join(' ')}`
  }
  return installCommand(manager, packagesFor(missing, manager), root)
}
