import type { ErrorObject, ValidateFunction } from 'ajv'

/** Where a configuration contradicts itself. */
export interface Contradiction {
  /** JSON pointer. */
  pointer: string
  text: string
}

/** What is wrong with a configuration, one line each, with JSON pointers. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** Of an answer to an operator who wants it. */
  readonly status = 400
}

/**
 * Fills in the defaults of a configuration, and refuses one that is wrong.
 *
 * @param validate made of the app's schema, see `npm run types`
 * @param contradictions finds what the schema cannot say
 * @returns what gives a checked copy @throws {ConfigError} with every mistake
 */
export function checker<T>(
  validate: ValidateFunction<T>,
  contradictions: (config: T) => Contradiction[],
): (value: unknown) => T {
  return (value) => {
    const config = structuredClone(value)
    if (!validate(config)) throw new ConfigError([...new Set((validate.errors ?? []).map(said))].join('\n'))
    const problems = contradictions(config)
    if (problems.length === 0) return config
    throw new ConfigError(problems.map(({ pointer, text }) => `${pointer}: ${text}`).join('\n'))
  }
}

/**
 * The configuration of the image, with what this machine was given over it: a JSON merge patch (RFC 7396).
 *
 * @param variable of the environment, that holds the patch
 * @throws {ConfigError} when one of them is wrong
 */
export function configured<T>(
  baked: object,
  variable: string,
  env: NodeJS.ProcessEnv,
  check: (value: unknown) => T,
): T {
  const patch = env[variable]
  if (patch === undefined) return check(baked)
  try {
    return check(merge(baked, JSON.parse(patch)))
  } catch (error) {
    throw new ConfigError(`${variable}: ${(error as Error).message}`)
  }
}

function said({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty, allowedValues, propertyName } = params
  if (additionalProperty !== undefined) return `${instancePath}/: unknown key ${additionalProperty}`
  const detail = [allowedValues ?? propertyName ?? []].flat().join(', ')
  return `${instancePath || '/'}: ${message}${detail && ` (${detail})`}`
}

/** RFC 7396: null removes, objects are merged, everything else replaces. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, merge(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
