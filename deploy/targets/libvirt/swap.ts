import { join } from 'node:path'
import { log, progress } from '../../../config/lib/log.ts'
import { type DataConfig, handOver, snapshotOf } from '../../data/handover.ts'
import { afterRestart } from '../../release/lifecycle.ts'
import type { Context } from '../../target.ts'
import type { DataVolume } from './data.ts'
import { type About, aboutOf, withAbout } from './domain.ts'
import type { DomainMachine } from './machine.ts'
import type { Pool } from './pool.ts'
import { type Defined, previousOf, previousVolume } from './volumes.ts'

export interface Swap {
  /** What comes. */
  next: Defined
  /** The definition that is there now. */
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
 * with its data as it left them. Wherever it is broken off, the last definition that was healthy is there: as
 * the machine's, or as the one before.
 *
 * @returns seconds until it was healthy
 */
export async function swap(
  machine: DomainMachine,
  pool: Pool,
  { next, before, system, autostart, disk, data, restore }: Swap,
  { signal, state }: Pick<Context, 'signal' | 'state'>,
): Promise<number> {
  const failedConsole = join(state, 'failed-console.log')
  const emulated = next.xml.startsWith("<domain type='qemu'")
  const waiting = { system, emulated, failedConsole, signal }
  const old = before === undefined ? undefined : aboutOf(before)
  const older = await previousOf(machine, pool, before)
  // What was never healthy is nothing to go back to.
  const isGoal = before !== undefined && old?.trial !== true
  const wasOn = before !== undefined && !(await machine.isOff())
  if (wasOn) {
    log.step(`Stopping ${machine.name} (the previous release)`)
    log.info(await machine.stop(old?.drainTimeout ?? system.restart.drainTimeout))
  }
  const line = progress(`Booting ${machine.name}`)
  let undo: (() => Promise<void>) | undefined
  let seconds: number
  try {
    const kept = numbers(old, next.about, older?.about)
    undo = await handOver(disk, { data, from: old?.number, restore, kept })
    if (isGoal) await pool.uploadText(before, previousVolume(machine))
    await machine.define(withAbout(next.xml, { ...next.about, trial: true }))
    await machine.start()
    seconds = await machine.awaitHealth(next.about, waiting, line)
    await machine.define(next.xml)
    await machine.autostart(autostart)
    line.done(`healthy after ${seconds.toFixed(1)} s`)
  } catch (error) {
    await machine.kill()
    if (before === undefined) await machine.undefine()
    else await machine.define(before)
    await undo?.()
    if (isGoal) await pool.remove(previousVolume(machine))
    if (isGoal && older !== undefined) await pool.uploadText(older.xml, previousVolume(machine))
    if (!wasOn) throw error
    log.warn('starting the previous release again')
    const again = {
      ...waiting,
      failedConsole: `${failedConsole}.previous`,
      signal: new AbortController().signal,
    }
    throw await afterRestart(error, 'the previous release', async () => {
      await machine.start()
      await machine.awaitHealth(old ?? {}, again, line)
    })
  }
  const goal = isGoal ? old : older?.about
  if (data !== undefined) await disk.keepOnly(numbers(old, next.about, goal).map(snapshotOf))
  return seconds
}

function numbers(...all: (About | undefined)[]): number[] {
  return all.flatMap((about) => (about === undefined ? [] : [about.number]))
}
