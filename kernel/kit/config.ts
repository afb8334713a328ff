import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { mergePatch } from '../contract/environment.ts'

/** Of the repository, and of its copy in the image. */
const root = join(import.meta.dirname, '../..')
const compiled = join(root, '.nodeos/app-config.cjs')

/** An error in a configuration that its schema cannot express. */
export interface Contradiction {
  /** JSON pointer. */
  pointer: string
  text: string
}

/** The errors in a configuration, one per line. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** Status of a response to an operator who sent it. */
  readonly status = 400
}

/**
 * Creates a function that validates a configuration by config/app.schema.json and fills in its defaults.
 *
 * @param contradictions finds the errors that the schema cannot express
 * @returns a function that returns a validated copy @throws {ConfigError} with every error
 */
export function checker<T>(contradictions: (config: T) => Contradiction[]): (value: unknown) => T {
  let validate: ValidateFunction<T> | undefined
  return (value) => {
    validate ??= validator<T>()
    const config = structuredClone(value)
    if (!validate(config)) throw new ConfigError([...new Set((validate.errors ?? []).map(said))].join('\n'))
    const problems = contradictions(config)
    if (problems.length === 0) return config
    throw new ConfigError(problems.map(({ pointer, text }) => `${keyOf(pointer)}: ${text}`).join('\n'))
  }
}

/** Loads what the build compiled from config/app.schema.json into the image. Elsewhere, ajv compiles it here. */
function validator<T>(): ValidateFunction<T> {
  // Another name than require: the build must not look for ajv, which the image has no use for.
  const load = createRequire(import.meta.url)
  if (existsSync(compiled)) return load(compiled) as ValidateFunction<T>
  const { Ajv2020 } = load('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const { fullFormats } = load('ajv-formats/dist/formats.js') as typeof import('ajv-formats/dist/formats.js')
  const ajv = new Ajv2020({ allErrors: true, useDefaults: true, strictTypes: false, formats: fullFormats })
  ajv.addKeyword('patternErrorMessage')
  return ajv.compile<T>(JSON.parse(readFileSync(join(root, 'config/app.schema.json'), 'utf8')))
}

/**
 * Returns the configuration of the image with per-machine overrides: a JSON merge patch (RFC 7396).
 *
 * @param variable environment variable that contains the patch
 * @throws {ConfigError} if one of them is invalid
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
    return check(mergePatch(baked, JSON.parse(patch)))
  } catch (error) {
    throw new ConfigError(`${variable}: ${(error as Error).message}`)
  }
}

/** Writes a JSON pointer as a key: /listeners/0/port is listeners[0].port. */
export function keyOf(pointer: string): string {
  return pointer
    .slice(1)
    .replaceAll(/(^|\/)(\d+)(?=\/|$)/g, '[$2]')
    .replaceAll('/', '.')
}

function said({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty, allowedValues, propertyName } = params
  if (additionalProperty !== undefined)
    return `${keyOf(`${instancePath}/${additionalProperty}`)}: unknown key`
  const detail = [allowedValues ?? propertyName ?? []].flat().join(', ')
  return `${keyOf(instancePath) || 'the configuration'}: ${message}${detail && ` (${detail})`}`
}
