import { Backend } from '../../../app/backend.ts'
import { checked } from '../../../app/config.ts'

/** A backend of a pool in this process alone. */
export function alone(address: string, weight: number, pool: object = {}): Backend {
  const { pools, timeouts, limits } = checked({ pools: { a: pool } })
  const { a: settings } = pools
  if (settings === undefined) throw new Error('no pool')
  const config = { address, weight, draining: false }
  const backend = new Backend(
    config,
    settings,
    { timeouts, limits },
    (verdict) => (backend.verdict = verdict),
  )
  return backend
}
