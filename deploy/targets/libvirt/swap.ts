import { log, progress } from '../../../build/lib/log.ts'
import { UserError } from '../../../build/lib/errors.ts'
import { type DataConfig, handOver } from '../../data/handover.ts'
import type { Context } from '../../target.ts'
import type { DataVolume } from './data.ts'
import { aboutOf } from './domain.ts'
import type { DomainMachine } from './machine.ts'

export interface Swap {
  xml: string
  /** The definition that runs now. */
  before: string | undefined
  system: Context['config']
  autostart: boolean
  disk: DataVolume
  /** What the machine that comes asks for. */
  data: DataConfig | undefined
  /** Number of the release whose data are to be brought back. */
  restore?: number
}

/**
 * Starts one definition in the place of another; the one before comes back when it does not become healthy,
 * with its data as it left them.
 *
 * @returns seconds until it was healthy
 */
export async function swap(
  machine: DomainMachine,
  { xml, before, system, autostart, disk, data, restore }: Swap,
  { signal }: Context,
): Promise<number> {
  const wasRunning = before !== undefined && (await machine.isRunning())
  if (wasRunning) {
    log.step(`Stopping ${machine.name}, the release before`)
    log.info(await machine.stop(aboutOf(before)?.drainTimeout ?? system.restart.drainTimeout))
  }
  const line = progress(`Booting ${machine.name}`)
  let undo: (() => Promise<void>) | undefined
  try {
    const from = before === undefined ? undefined : aboutOf(before)?.number
    const kept = [from, aboutOf(xml)?.number].filter((number) => number !== undefined)
    undo = await handOver(disk, { data, from, restore, kept })
    await machine.start(xml, autostart)
    const seconds = await machine.awaitHealth(system.health.timeout, line, signal)
    line.done(`healthy after ${seconds.toFixed(1)} s`)
    return seconds
  } catch (error) {
    await machine.kill()
    await undo?.()
    if (!wasRunning) throw error
    log.warn('the release before is started again')
    await machine.start(before, autostart)
    await machine.awaitHealth(system.health.timeout, line, new AbortController().signal)
    const { message, hint } = error as UserError
    throw new UserError(`${message}; the release before runs again`, hint === undefined ? {} : { hint })
  }
}
