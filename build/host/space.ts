import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { formatBytes } from '../../config/lib/units.ts'

/** Space that a build needs in a folder, which may not exist yet. */
export interface Demand {
  folder: string
  bytes: number
}

/** Returns the folder itself, or the nearest one above it that exists. */
export function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder))
}

/** Returns the bytes that a user without privileges can still write there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestExisting(folder))
  return bavail * bsize
}

/** Describes each file system with less space than the folders on it need together. */
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

/** Returns whether files can be created in the folder, or the folder itself if it does not exist. */
export function isWritable(folder: string): boolean {
  try {
    accessSync(nearestExisting(folder), constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
