import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { formatBytes } from '../../config/lib/units.ts'

/** Room that a build wants in a folder, which need not exist yet. */
export interface Demand {
  folder: string
  bytes: number
}

/** The folder itself, or the nearest one above it that exists. */
export function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder))
}

/** Bytes that a user without privileges may still write there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestExisting(folder))
  return bavail * bsize
}

/** One line for each file system that has less room than is wanted of it, folders on the same one added up. */
export function spaceProblems(demands: readonly Demand[]): string[] {
  const byDevice = Map.groupBy(demands, ({ folder }) => statSync(nearestExisting(folder)).dev)
  return [...byDevice.values()].flatMap((together) => {
    const wanted = together.reduce((sum, { bytes }) => sum + bytes, 0)
    const free = freeBytes(together[0]?.folder ?? '/')
    if (free >= wanted) return []
    const folders = together.map(({ folder }) => folder).join(' and ')
    return [`${formatBytes(free)} free for ${folders}; this build needs ${formatBytes(wanted)}`]
  })
}

/** Whether files can be made in the folder, or the folder itself where it is not there yet. */
export function isWritable(folder: string): boolean {
  try {
    accessSync(nearestExisting(folder), constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
