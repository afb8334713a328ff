import { existsSync, readdirSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { constrainedMemory } from 'node:process'
import type { Problem } from './explain.ts'
import type { SystemConfig } from './system.types.ts'

/** Facts that a configuration is checked against, besides its schema. */
export interface ConfigFacts {
  /** The folder that contains the app. */
  root: string
  /** Memory of this host in bytes, or the limit of its container. */
  totalMemory: number
  /** Names that the configuration may contain. */
  names: Record<'fragments' | 'platforms' | 'formats' | 'targets', string[]>
  /** Folder of the deploy targets. */
  targets: string
}

/** Checks several values together; `reads` lists the pointers that must be valid for it to run. */
export interface Check {
  reads: string[]
  run(config: SystemConfig, facts: ConfigFacts): Problem[]
}

/** Collects the facts of this host and of this repository. */
export function configFacts(root: string, repository = join(import.meta.dirname, '..')): ConfigFacts {
  const fragments = names(join(repository, 'kernel/config'), /^(.+)\.config$/)
  const platform = 'platform-'
  const targets = join(repository, 'deploy/targets')
  return {
    root,
    totalMemory: usableMemory(),
    names: {
      fragments: fragments.filter((name) => !name.startsWith(platform)),
      platforms: fragments
        .filter((name) => name.startsWith(platform))
        .map((name) => name.slice(platform.length)),
      formats: names(join(repository, 'build/formats'), /^(.+)\.ts$/),
      targets: names(targets, /^([^.]+)(?:\.ts)?$/).filter((name) => targetFile(targets, name) !== undefined),
    },
    targets,
  }
}

/** Returns the memory of this host in bytes, or the limit of its container if that is lower. */
export function usableMemory(): number {
  const limit = constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

function names(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((file) => pattern.exec(file)?.[1] ?? [])
    .sort()
}

/** Finds the file of a target: `<name>.ts` or `<name>/index.ts`. */
export function targetFile(folder: string, name: string): string | undefined {
  return [join(folder, `${name}.ts`), join(folder, name, 'index.ts')].find((path) => existsSync(path))
}
