import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ErrorObject } from 'ajv'
import type { ConfigFacts } from './check.ts'
import { explain, type Problem } from './explain.ts'
import { isObject } from './lib/json.ts'
import { overlaps } from './pointer.ts'
import type { SystemConfig } from './system.types.ts'

/**
 * Checks deploy.options against the schema of the configured target.
 * Loads the target only when there are options, so that builds stay fast.
 *
 * @param invalid pointers that were rejected before: an unknown target has no schema
 */
export async function checkTargetOptions(
  { deploy }: SystemConfig,
  { targets }: ConfigFacts,
  invalid: string[],
): Promise<Problem[]> {
  if (invalid.some((pointer) => overlaps(pointer, '/deploy'))) return []
  const path = targetFile(targets, deploy.target)
  if (path === undefined || Object.keys(deploy.options).length === 0) return []
  const module = (await import(pathToFileURL(path).href)) as { default?: { schema?: unknown } }
  const schema = module.default?.schema
  if (!isObject(schema)) return []
  const { createAjv } = await import('./validator.ts')
  const validate = createAjv().compile(schema)
  if (validate(deploy.options)) return []
  const problems = explain(validate.errors as ErrorObject[], deploy.options, schema)
  return problems.map(({ pointer, text }) => ({ pointer: `/deploy/options${pointer}`, text }))
}

/** Finds the file of a target: `<name>.ts` or `<name>/index.ts`. */
export function targetFile(folder: string, name: string): string | undefined {
  return [join(folder, `${name}.ts`), join(folder, name, 'index.ts')].find((path) => existsSync(path))
}
