import type { ErrorObject } from 'ajv'
import type { BalancerConfig } from './config.types.ts'
import { validate } from './config.validate.mjs'
import { contradictions } from './contradictions.ts'

export type { BalancerConfig }
export type PoolConfig = BalancerConfig['pools'][string]
export type BackendConfig = PoolConfig['backends'][number]
export type ListenerConfig = BalancerConfig['listeners'][number]

/** What is wrong with a configuration, one line each, with JSON pointers. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** Of an answer to an operator who wants it. */
  readonly status = 400
}

/**
 * The configuration of the image, with what this machine was given over it: LB_CONFIG in the environment is a
 * JSON merge patch (RFC 7396), for backends that differ from machine to machine.
 *
 * @throws {ConfigError} when one of them is wrong
 */
export function readConfig(text: string, env: NodeJS.ProcessEnv): BalancerConfig {
  const listeners = [{ port: Number(env['PORT'] ?? 8080) }]
  const baked = { listeners, ...(JSON.parse(text) as object) }
  const patch = env['LB_CONFIG']
  if (patch === undefined) return checked(baked)
  try {
    return checked(merge(baked, JSON.parse(patch)))
  } catch (error) {
    throw new ConfigError(`LB_CONFIG: ${(error as Error).message}`)
  }
}

/** The same value with its defaults filled in. @throws {ConfigError} with every mistake */
export function checked(value: unknown): BalancerConfig {
  const config = structuredClone(value)
  if (!validate(config)) throw new ConfigError([...new Set((validate.errors ?? []).map(said))].join('\n'))
  const problems = contradictions(config)
  if (problems.length === 0) return config
  throw new ConfigError(problems.map(({ pointer, text }) => `${pointer}: ${text}`).join('\n'))
}

function said({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty, allowedValues, propertyName } = params
  if (additionalProperty !== undefined) return `${instancePath}/: there is no such key: ${additionalProperty}`
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
