import t, { type Test } from 'tap'
import { UserError } from '../../config/lib/errors.ts'
import type { ConfigFacts } from '../../config/facts.ts'
import { loadConfig } from '../../config/load.ts'
import type { SystemConfig } from '../../config/system.types.ts'

/** Content of a folder with a configuration; objects are written as JSON. */
export interface Sources {
  system?: unknown
  local?: unknown
  dotenv?: string
  env?: NodeJS.ProcessEnv
  facts?: Partial<ConfigFacts>
}

/** Facts for the tests, independent of this host. */
export const facts: Omit<ConfigFacts, 'root'> = {
  totalMemory: 8 * 2 ** 30,
  names: {
    fragments: ['base', 'debug'],
    platforms: ['aws', 'gcp'],
    formats: ['direct'],
    targets: ['local', 'ssh'],
  },
  targets: t.testdir({
    'local.ts': 'export default {}',
    ssh: {
      'index.ts': `export default { schema: {
        type: 'object', additionalProperties: false, required: ['host'],
        properties: { host: { type: 'string', format: 'hostname' }, port: { type: 'integer', minimum: 1 } },
      } }`,
    },
  }),
}

/** Loads the configuration of a temporary folder that has an app. */
export async function load(t: Test, sources: Sources = {}): Promise<SystemConfig> {
  const { system = {}, local, dotenv, env = {} } = sources
  const root = t.testdir({
    config: {
      ...(system === null ? {} : { 'system.json': asText(system) }),
      ...(local === undefined ? {} : { 'local.json': asText(local) }),
    },
    ...(dotenv === undefined ? {} : { '.env': dotenv }),
    app: { 'index.ts': '' },
  })
  return loadConfig({ root, env, facts: { ...facts, ...sources.facts } })
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Returns the lines of the error that rejects a configuration. */
export async function refusal(t: Test, sources: Sources): Promise<string[]> {
  const error: unknown = await load(t, sources).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof UserError)) throw new Error('was not rejected', { cause: error })
  return error.message
    .split('\n')
    .filter((line) => !/^the configuration has \d+ errors:$/.test(line))
    .map((line) => line.trim())
}
