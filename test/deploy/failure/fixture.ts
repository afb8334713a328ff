import type { CheckedSystem } from '../../../deploy/release/health.ts'
import { configWith } from '../../lib/config.ts'

/** The part of a configuration that a health check needs. */
export function system(health: Partial<CheckedSystem['health']> = {}): CheckedSystem {
  return configWith({ health, ports: [{ guest: 8080, protocol: 'tcp' }] })
}
