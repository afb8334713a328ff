import { checker, configured } from '#nodeos/config'
import type { BalancerConfig } from '../config/app.types.ts'
import { contradictions } from './contradictions.ts'

export type { BalancerConfig }
export type PoolConfig = BalancerConfig['pools'][string]
export type BackendConfig = PoolConfig['backends'][number]
export type ListenerConfig = BalancerConfig['listeners'][number]

/** Returns a copy with defaults. @throws {ConfigError} with every error */
export const checked = checker(contradictions)

/** Reads config/app.json with the overrides of LB_CONFIG, for backends that differ from machine to machine. */
export function readConfig(text: string, env: NodeJS.ProcessEnv): BalancerConfig {
  const listeners = [{ port: Number(env['PORT'] ?? 8080) }]
  return configured({ listeners, ...(JSON.parse(text) as object) }, 'LB_CONFIG', env, checked)
}
