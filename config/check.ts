import { existsSync, readdirSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { constrainedMemory } from 'node:process'
import { checks } from './checks.ts'
import type { Problem } from './explain.ts'
import { overlaps } from './pointer.ts'
import type { SystemConfig } from './system.types.ts'
import { targetFile } from './target.ts'

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

export interface ConfigFindings {
  errors: Problem[]
  warnings: string[]
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

/**
 * Finds problems that a schema cannot express: values that contradict each other, the host or the repository.
 *
 * @param invalid pointers that the schema has rejected: checks that read them do not run
 */
export function checkConfig(
  config: SystemConfig,
  facts: ConfigFacts,
  invalid: string[] = [],
): ConfigFindings {
  const errors = checks
    .filter(({ reads }) => !reads.some((read) => invalid.some((pointer) => overlaps(pointer, read))))
    .flatMap((check) => check.run(config, facts))
  const env = invalid.some((pointer) => overlaps(pointer, '/app/env')) ? [] : Object.keys(config.app.env)
  return { errors, warnings: env.filter((name) => secret.test(name)).map(secretWarning) }
}

const secret = /SECRET|TOKEN|PASSWORD|_KEY/i

function secretWarning(name: string): string {
  return (
    `app.env.${name} looks like a secret, and anyone who has the image can read it; ` +
    'pass it to the machine when it starts instead: put it into the file that deploy.options.env names'
  )
}
