import { join } from 'node:path'
import { UserError } from './lib/errors.ts'
import { checkConfig, checkTargetOptions } from './check.ts'
import { type ConfigFacts, configFacts } from './facts.ts'
import { explain, type Problem } from './explain.ts'
import { readSources, sourceOf, type Sources } from './sources.ts'
import { keyOf } from './pointer.ts'
import { readSchema, type Schema, schemaPath, settings } from './schema.ts'
import type { SystemConfig } from './system.types.ts'
import { loadValidator } from './validator.ts'

export interface LoadOptions {
  /** The folder with config/system.json, config/local.json, .env and the app. */
  root?: string
  env?: NodeJS.ProcessEnv
  /** Overrides the facts of this host and repository. */
  facts?: Partial<ConfigFacts>
}

/**
 * Loads and checks the configuration of the machine: the defaults of the schema, then config/system.json,
 * config/local.json, .env and the environment, each overriding the previous source.
 *
 * @throws {UserError} that lists every error, each with the file or variable that it comes from
 */
export async function loadConfig(options: LoadOptions = {}): Promise<SystemConfig> {
  const { root = join(import.meta.dirname, '..'), env = process.env } = options
  const schema = readSchema()
  const sources = readSources(root, env, settings(schema))
  const config: unknown = sources.value
  const problems = await check(config, schema, { ...configFacts(root), ...options.facts })
  refuse([...sources.errors, ...problems.map((problem) => describe(problem, sources))])
  return config as SystemConfig
}

/** Fills in the defaults and finds what violates the schema, also in a configuration that another host wrote. */
export function schemaProblems(config: unknown, schema: Schema = readSchema()): Problem[] {
  const validate = loadValidator<SystemConfig>(schemaPath)
  return validate(config) ? [] : explain(validate.errors ?? [], config, schema)
}

/** Fills in the defaults and finds every problem. */
async function check(config: unknown, schema: Schema, facts: ConfigFacts): Promise<Problem[]> {
  const problems = schemaProblems(config, schema)
  const invalid = problems.map(({ pointer }) => pointer)
  // Checks do not read values that the schema has rejected.
  const tolerated = config as SystemConfig
  if (invalid.includes('')) return problems
  problems.push(...checkConfig(tolerated, facts, invalid).errors)
  const refused = problems.map(({ pointer }) => pointer)
  return [...problems, ...(await checkTargetOptions(tolerated, facts, refused))]
}

function describe({ pointer, text }: Problem, { provenance, value }: Sources): string {
  const source = sourceOf(provenance, value, pointer)
  if (source === undefined) return `${keyOf(pointer)} (default): ${text}`
  return `${source}: ${pointer === '' ? '' : `${keyOf(pointer)}: `}${text}`
}

function refuse(errors: string[]): void {
  const [first, ...others] = errors
  if (first === undefined) return
  const list = errors.map((error) => `\n  ${error}`).join('')
  throw new UserError(others.length === 0 ? first : `the configuration has ${errors.length} errors:${list}`, {
    hint: 'config/README.md describes every key',
  })
}
