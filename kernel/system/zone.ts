import { existsSync, rmSync, symlinkSync } from 'node:fs'

export interface ZonePaths {
  /** Folder of the time zones. */
  zones: string
  /** The link to the machine's zone, made by init. */
  localtime: string
}

/**
 * Makes a zone that was set for this machine the one of programs that do not read `TZ`.
 *
 * @returns whether there is such a zone
 */
export function linkZone(name: string, { zones, localtime }: ZonePaths): boolean {
  const file = `${zones}/${name.replace(/^:/, '')}`
  if (name === '' || name.includes('..') || !existsSync(file)) return false
  rmSync(localtime, { force: true })
  symlinkSync(file, localtime)
  return true
}
