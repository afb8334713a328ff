import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import shell from 'shelljs'
import { UserError } from '../config/lib/errors.ts'
import { missingProgram } from '../config/lib/find.ts'
import type { SystemConfig } from '../config/system.types.ts'
import type { Manifest } from '../build/pipeline/manifest.ts'

/** A build in `dist/`, checked against its manifest. */
export interface Release {
  /** Absolute path of the folder with the artefacts. */
  dist: string
  manifest: Manifest
}

/** Everything through which a target has effects, so that a test can record them. */
export interface Context {
  /** The current configuration; a release has the one it was built with. */
  config: SystemConfig
  /** Folder for what the target must remember between commands. */
  state: string
  env: NodeJS.ProcessEnv
  /** Aborted when the user interrupts. */
  signal: AbortSignal
  fetch: typeof fetch
  /** Prints what a dry run would do, or what a command streams. */
  print: (text: string) => void
}

/** The result of a verb: for a person and for a script. */
export interface Report {
  text: string
  data: Record<string, unknown>
  /** Exit status of the command; 0 when left out. */
  status?: number
}

/** Whether a verb applies to the machine's data, too. */
export interface DataOptions {
  data?: boolean
}

/** A place to deploy to: the default export of one file or folder in `deploy/targets/`. */
export interface Target {
  name: string
  summary: string
  /** JSON Schema of `deploy.options`. */
  schema: object
  /** Host programs that it runs. */
  needs: readonly string[]
  /** Whether its releases are a history of the source: a build of another commit than the one checked out is refused. */
  history?: boolean
  deploy(release: Release, context: Context): Promise<Report>
  /** Prints the commands that `deploy` would run. */
  plan?(release: Release, context: Context): Promise<Report>
  status?(context: Context): Promise<Report>
  logs?(context: Context, follow: boolean): Promise<void>
  stop?(context: Context): Promise<Report>
  /** Lists the releases, the newest first. */
  list?(context: Context): Promise<Report>
  /**
   * Runs an earlier release: the previous one, or the one with the number. It must pass the health check, too. With
   * `data`, its data is restored as that release left it; otherwise the current data stays.
   */
  rollback?(context: Context, number?: number, options?: DataOptions): Promise<Report>
  /** Removes the machine and its releases; its data only with `data`. */
  destroy?(context: Context, options?: DataOptions): Promise<Report>
  /**
   * Connects to the control channel of the machine, whose protocol is in
   * `kernel/contract/control.ts`. A connection that fails is an `error` event.
   */
  control?(context: Context): Promise<Duplex>
}

const verbs = ['plan', 'list', 'status', 'logs', 'stop', 'rollback', 'destroy', 'control'] as const

/** The verbs that a target may have beside `deploy`. */
export type Verb = (typeof verbs)[number]

const folder = join(import.meta.dirname, 'targets')

/** Names of the targets: one file or folder each. */
export async function targetNames(): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() || entry.name.endsWith('.ts'))
    .map(({ name }) => name.replace(/\.ts$/, ''))
    .sort()
}

/** Loads a target. @throws {UserError} listing the targets that exist */
export async function loadTarget(name: string): Promise<Target> {
  const entry = (await readdir(folder)).find((file) => file === name || file === `${name}.ts`)
  if (entry === undefined) {
    throw new UserError(`deploy.target: unknown target '${name}'`, {
      hint: `available targets: ${(await targetNames()).join(', ')}`,
    })
  }
  const file = entry.endsWith('.ts') ? entry : join(entry, 'index.ts')
  return ((await import(join(folder, file))) as { default: Target }).default
}

/** Checks the host programs that a target needs. @throws {UserError} naming one that is missing */
export function requireTools({ name, needs }: Target): void {
  for (const program of needs) {
    if (shell.which(program) === null) throw missingProgram(program, `deploy to the target '${name}'`)
  }
}

/**
 * Returns a verb of a target.
 *
 * @throws {UserError} when the target does not support it, listing those that it supports
 */
export function verb<V extends Verb>(target: Target, name: V): NonNullable<Target[V]> {
  const found = target[name]
  if (found !== undefined) return found.bind(target) as NonNullable<Target[V]>
  const others = verbs.filter((each) => target[each] !== undefined)
  throw new UserError(`the target '${target.name}' does not support '${name}'`, {
    hint: `it supports: ${['deploy', ...others].join(', ')}`,
  })
}
