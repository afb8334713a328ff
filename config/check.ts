import { pathToFileURL } from 'node:url'
import type { ErrorObject } from 'ajv'
import { checks } from './checks.ts'
import { explain, type Problem } from './explain.ts'
import { overlaps } from './pointer.ts'
import type { SystemConfig } from './system.types.ts'
import { createAjv } from './validator.ts'
import { isObject } from './lib/json.ts'
import { type ConfigFacts, targetFile } from './facts.ts'

export interface ConfigFindings {
  errors: Problem[]
  warnings: string[]
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
  const validate = createAjv().compile(schema)
  if (validate(deploy.options)) return []
  const problems = explain(validate.errors as ErrorObject[], deploy.options, schema)
  return problems.map(({ pointer, text }) => ({ pointer: `/deploy/options${pointer}`, text }))
}
