import { join } from 'node:path'
import { UserError } from '../build/lib/errors.ts'
import { checkConfig, type ConfigFacts, configFacts } from './check.ts'
import { explain, type Problem } from './explain.ts'
import { sourceOf } from './merge.ts'
import { readSchema, type Schema, settings } from './schema.ts'
import { readSources, type Sources } from './sources.ts'
import type { SystemConfig } from './system.types.ts'
// Compiled by npm run types: ajv would take longer for it than a build step that has nothing to do.
import { validate } from './system.validate.mjs'
import { checkTargetOptions } from './target.ts'

export interface LoadOptions {
  /** The folder with config/system.json, config/local.json, .env and the app. */
  root?: string
  env?: NodeJS.ProcessEnv
  /** What to take for the facts of this host and repository. */
  facts?: Partial<ConfigFacts>
}

/**
 * The machine's configuration: the schema's defaults, then config/system.json, config/local.json,
 * .env and the environment, each overriding the one before; checked.
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

/** Fills in the defaults and finds what is not as the schema says: of a configuration that came from elsewhere, too. */
export function schemaProblems(config: unknown, schema: Schema = readSchema()): Problem[] {
  return validate(config) ? [] : explain(validate.errors ?? [], config, schema)
}

/** Fills in the defaults and finds everything that is wrong. */
async function check(config: unknown, schema: Schema, facts: ConfigFacts): Promise<Problem[]> {
  const problems = schemaProblems(config, schema)
  const invalid = problems.map(({ pointer }) => pointer)
  // What the schema has refused, the checks do not read.
  const tolerated = config as SystemConfig
  if (invalid.includes('')) return problems
  problems.push(...checkConfig(tolerated, facts, invalid).errors)
  const refused = problems.map(({ pointer }) => pointer)
  return [...problems, ...(await checkTargetOptions(tolerated, facts, refused))]
}

function describe({ pointer, text }: Problem, { provenance, value }: Sources): string {
  const source = sourceOf(provenance, value, pointer) ?? 'default'
  return `${source}: ${pointer === '' ? '' : `${pointer}: `}${text}`
}

function refuse(errors: string[]): void {
  const [first, ...others] = errors
  if (first === undefined) return
  const list = errors.map((error) => `\n  ${error}`).join('')
  throw new UserError(others.length === 0 ? first : `the configuration has ${errors.length} errors:${list}`, {
    hint: 'config/system.schema.json and the table in README.md say what each key takes',
  })
}
