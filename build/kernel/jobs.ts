import { availableParallelism } from 'node:os'
import { UserError } from '../../config/lib/errors.ts'

/**
 * How many compilers run at once: one per CPU where nothing is said.
 *
 * @param text what `source` says, e.g. the value of NODEOS_JOBS
 * @throws {UserError} when that is no such number
 */
export function jobsFrom(text: string | undefined, source = 'NODEOS_JOBS'): number {
  if (text === undefined) return availableParallelism()
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new UserError(`${source}: found "${text}"; allowed: a whole number from 1 to 999`, {
    hint: 'default: one job per CPU',
  })
}
