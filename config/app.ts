import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UserError } from './lib/errors.ts'
import { explain, type Problem } from './explain.ts'
import { readJson } from './lib/json.ts'
import { keyOf } from './pointer.ts'
import { readSchema } from './schema.ts'
import { loadValidator } from './validator.ts'

const name = 'config/app.json'

/** The export of app/contradictions.ts: checks that a schema cannot express. */
interface Contradictions {
  contradictions?: (config: unknown) => Problem[]
}

/**
 * Checks config/app.json against config/app.schema.json, where both exist, so that a configuration that the
 * application would reject never boots.
 *
 * @throws {UserError} that lists every mistake
 */
export async function checkAppConfig(root: string): Promise<void> {
  const schemaPath = join(root, 'config/app.schema.json')
  const config = readJson(join(root, name), name)
  if (config === undefined || !existsSync(schemaPath)) return
  const schema = readSchema(schemaPath)
  const validate = loadValidator(schemaPath)
  const problems = validate(config) ? [] : explain(validate.errors ?? [], config, schema)
  if (problems.length === 0) problems.push(...(await contradictionsOf(root, config)))
  const [first, ...others] = problems.map(
    ({ pointer, text }) => `${name}: ${pointer === '' ? '' : `${keyOf(pointer)}: `}${text}`,
  )
  if (first === undefined) return
  const list = [first, ...others].map((line) => `\n  ${line}`).join('')
  throw new UserError(others.length === 0 ? first : `${name} has ${others.length + 1} errors:${list}`, {
    hint: 'config/app.schema.json describes every key',
  })
}

async function contradictionsOf(root: string, config: unknown): Promise<Problem[]> {
  const path = join(root, 'app/contradictions.ts')
  if (!existsSync(path)) return []
  const { contradictions } = (await import(pathToFileURL(path).href)) as Contradictions
  return contradictions?.(config) ?? []
}
