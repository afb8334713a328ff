import { UserError } from '../../config/lib/errors.ts'
import { table } from '../../config/lib/table.ts'
import type { Kept } from './store.ts'
import type { DataDisk } from '../data/disk.ts'
import type { Disk } from '../data/handover.ts'
import { isHealthy } from '../qemu/health.ts'
import { type Machine, residentBytes } from '../qemu/machine.ts'
import type { Report } from '../target.ts'

/** A release in a list. */
export interface Listed extends Pick<Kept, 'number' | 'added' | 'commit'> {
  app: string
  source: { commit?: string; dirty?: boolean }
  /** The release that this one brought back. */
  rollbackOf?: number
  serves: boolean
}

/** Releases as a table, the newest first. @param current number of the one that serves */
export function releaseTable(kept: readonly Kept[], current: number | undefined): Report {
  return listReport(
    kept.map(({ number, added, commit, manifest: { app, source } }) => ({
      number,
      added,
      ...(commit === undefined ? {} : { commit }),
      app,
      source,
      serves: number === current,
    })),
  )
}

export function listReport(releases: readonly Listed[]): Report {
  if (releases.length === 0) return { text: 'no release is deployed yet', data: { releases } }
  const rows = releases.map(({ number, added, app, source, rollbackOf, serves }) => [
    serves ? '→' : '',
    String(number),
    app,
    source.commit === undefined
      ? 'no commit'
      : source.commit.slice(0, 10) + (source.dirty === true ? ' with changes' : ''),
    added.slice(0, 19).replace('T', ' '),
    rollbackOf === undefined ? '' : `rollback to ${rollbackOf}`,
  ])
  return {
    text: table(['', 'release', 'app', 'source', 'released', ''], rows, [1]).trimEnd(),
    data: { releases },
  }
}

/**
 * Chooses the release of a rollback: the given number, else the newest release before the current one.
 *
 * @param kept the newest first
 * @throws {UserError} if it does not exist
 */
export function choosePrevious<T extends { number: number }>(
  kept: readonly T[],
  current: number | undefined,
  wanted: number | undefined,
): T {
  const found = kept.find(({ number }) =>
    wanted === undefined ? current === undefined || number < current : number === wanted,
  )
  if (found !== undefined) return found
  const numbers = kept.map(({ number }) => number).join(', ')
  throw new UserError(
    wanted === undefined ? 'there is no previous release' : `release ${wanted} does not exist`,
    { hint: kept.length === 0 ? 'npm run deploy' : `available releases: ${numbers}   (npm run deploy:list)` },
  )
}

/** The report of `status` without a machine. */
export const noMachine = (text: string, data: object = {}): Report => ({
  text,
  data: { ...data, running: false },
  status: 3,
})

/** A machine that runs on this host. */
interface Inspected {
  health: string
  /** Rows for a person. */
  memory: string
  process: string
  data: string[]
  facts: Record<string, unknown>
}

/** Inspects a machine of this host and its data disk, for `status`. */
export async function inspect(
  machine: Machine & { health?: string; memory: number },
  disk: DataDisk,
): Promise<Inspected> {
  const healthy = machine.health === undefined ? undefined : await isHealthy(machine.health)
  const rss = residentBytes(machine.pid)
  const facts = { running: true, healthy, rss, pid: machine.pid }
  const found = {
    health: healthy === undefined ? 'no health check' : healthy ? 'healthy' : 'unhealthy',
    memory: `  memory   ${(rss / 2 ** 20).toFixed(0)} MiB on the host, ${machine.memory} MiB in the machine`,
    process: `  process  ${machine.pid} (${machine.accelerator})`,
  }
  if (!(await disk.exists())) return { ...found, data: [], facts }
  const data = { file: disk.file, ...disk.sizes(), snapshots: await disk.snapshots() }
  return { ...found, data: [`  data     ${await disk.describe()}`], facts: { ...facts, data } }
}

/** Says which data of a machine stays when the machine is removed; an empty text without data. */
export async function keptData(disk: Pick<Disk, 'exists'> & { place: string }): Promise<string> {
  if (!(await disk.exists())) return ''
  return `; its data is kept in ${disk.place} (to remove it: npm run deploy:destroy -- --data)`
}
