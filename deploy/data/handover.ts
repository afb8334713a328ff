import { UserError } from '../../config/lib/errors.ts'
import type { SystemConfig } from '../../config/system.types.ts'

export type DataConfig = NonNullable<SystemConfig['data']>

/** The data of a machine, on any target. They may change only while the machine is off. */
export interface Disk {
  exists(): Promise<boolean>
  /** Creates it, or grows it to the configured size, completely or not at all. It never shrinks. */
  provide(config: DataConfig): Promise<void>
  /** Names of the snapshots. */
  snapshots(): Promise<string[]>
  /** Takes a snapshot, replacing one of that name. */
  snapshot(name: string): Promise<void>
  /** Restores a snapshot. */
  restore(name: string): Promise<void>
  /** Deletes all snapshots but those named. */
  keepOnly(names: readonly string[]): Promise<void>
  remove(): Promise<void>
}

export interface Handover {
  /** The data disk that the next release needs, if any. */
  data: DataConfig | undefined
  /** Number of the previous release, whose snapshot is taken; 0 if it is unknown. */
  from: number | undefined
  /** Number of the release whose snapshot to restore. */
  restore: number | undefined
  /** Numbers of the releases whose snapshots are kept. */
  kept: readonly number[]
}

/**
 * Prepares a disk for a release while no machine runs, completely or not at all.
 *
 * @param note records that there is something to undo, before anything changes
 * @returns undoes what the release writes
 */
export async function handOver(
  disk: Disk,
  { data, from = 0, restore, kept }: Handover,
  note: () => Promise<void> = async () => undefined,
): Promise<() => Promise<void>> {
  if (data === undefined) return async () => undefined
  const undo = (): Promise<void> => disk.restore(snapshotOf(from))
  await disk.keepOnly([...kept, ...(restore === undefined ? [] : [restore])].map(snapshotOf))
  // A failed first release must leave an empty disk, too.
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

/** @throws {UserError} if there is no snapshot of a release */
export async function requireSnapshot(disk: Disk, release: number): Promise<void> {
  const snapshots = await disk.snapshots()
  if (snapshots.includes(snapshotOf(release))) return
  throw new UserError(`there is no snapshot of the data of release ${release}`, {
    hint: `available snapshots: ${snapshots.join(', ') || 'none'}. Without --data, the release uses the current data.`,
  })
}

/** Returns the name of the snapshot that is taken when a release is replaced. */
export function snapshotOf(release: number): string {
  return `release-${release}`
}
