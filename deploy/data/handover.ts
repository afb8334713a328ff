import { UserError } from '../../config/lib/errors.ts'
import type { SystemConfig } from '../../config/system.types.ts'

export type DataConfig = NonNullable<SystemConfig['data']>

/** Where the data of a machine are kept, whatever the target. Only while the machine is off may they be changed. */
export interface Disk {
  exists(): Promise<boolean>
  /** Makes it, or makes it as large as the configuration says, never smaller: all of it, or nothing. */
  provide(config: DataConfig): Promise<void>
  /** Names of the snapshots. */
  snapshots(): Promise<string[]>
  /** Keeps the data as they are under a name, in the place of what had that name. */
  snapshot(name: string): Promise<void>
  /** Makes the data what they were under a name that there is. */
  restore(name: string): Promise<void>
  /** Forgets all snapshots but those named. */
  keepOnly(names: readonly string[]): Promise<void>
  remove(): Promise<void>
}

export interface Handover {
  /** What the release that comes asks for: it may have no data. */
  data: DataConfig | undefined
  /** Number of the release that goes, under which what is on the disk is kept; under 0 when it is not known. */
  from: number | undefined
  /** Number of the release whose snapshot is to be brought back. */
  restore: number | undefined
  /** Numbers of the releases that are kept, whose snapshots stay. */
  kept: readonly number[]
}

/**
 * Makes a disk ready for a release, while no machine runs: all of it, or nothing.
 *
 * @param note remembers that there is something to undo; called before anything is changed
 * @returns undoes what the release has written
 */
export async function handOver(
  disk: Disk,
  { data, from = 0, restore, kept }: Handover,
  note: () => Promise<void> = async () => undefined,
): Promise<() => Promise<void>> {
  if (data === undefined) return async () => undefined
  const undo = (): Promise<void> => disk.restore(snapshotOf(from))
  await disk.keepOnly([...kept, ...(restore === undefined ? [] : [restore])].map(snapshotOf))
  // A disk that is made now has nothing on it: that, too, is what a release may have to give back.
  if (!(await disk.exists())) await disk.provide(data)
  await disk.snapshot(snapshotOf(from))
  await note()
  try {
    if (restore !== undefined) await disk.restore(snapshotOf(restore))
    await disk.provide(data)
  } catch (error) {
    await undo()
    throw error
  }
  return undo
}

/** @throws {UserError} when there is no snapshot of the data as that release left them */
export async function requireSnapshot(disk: Disk, release: number): Promise<void> {
  const snapshots = await disk.snapshots()
  if (snapshots.includes(snapshotOf(release))) return
  throw new UserError(`there is no snapshot of the data of release ${release}`, {
    hint: `available snapshots: ${snapshots.join(', ') || 'none'}. Without --data, the release uses the current data.`,
  })
}

/** The name of what a release leaves when another one takes its place. */
export function snapshotOf(release: number): string {
  return `release-${release}`
}
