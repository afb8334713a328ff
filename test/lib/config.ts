import { schemaPath } from '../../config/schema.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { loadValidator } from '../../config/validator.ts'

/** The groups of a configuration, each with any of its keys. */
export type Values = { [Group in keyof SystemConfig]?: Partial<SystemConfig[Group]> | undefined }

/**
 * Returns a configuration of the schema's defaults and these values, so that a new key needs no change in fixtures.
 *
 * @throws when a value is invalid
 */
export function configWith(values: Values): SystemConfig {
  const config = structuredClone(values) as unknown
  const validate = loadValidator<SystemConfig>(schemaPath)
  if (validate(config)) return config
  throw new Error(JSON.stringify(validate.errors, null, 2))
}
