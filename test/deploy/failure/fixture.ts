import type { CheckedSystem } from '../../../deploy/release/health.ts'

/** The part of a configuration that a health check needs. */
export function system(health: Partial<CheckedSystem['health']> = {}): CheckedSystem {
  return {
    health: { path: '/healthz', timeout: 60, ...health },
    ports: [{ guest: 8080, protocol: 'tcp' }],
    machine: { arch: 'x64', memory: 256, cpus: 1 },
  }
}
