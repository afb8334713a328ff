import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'
import { runSync } from '../../config/lib/run.ts'

/** All rules and names of the time zone database, in one text. */
const source = '/usr/share/zoneinfo/tzdata.zi'
const purpose = 'compile the time zones of the machine'
/** Without the tables that old readers need beside a zone's rule: half of the bytes. */
const slim = ['-b', 'slim'] as const

/**
 * Compiles every time zone into the root file system, under all its names: the zone of a machine may be set when it
 * starts, or by the app. Node has its own copy; this one is for what asks the C library, such as SQLite.
 */
export function writeZones(stage: string): void {
  runSync(['zic', ...slim, '-d', join(stage, 'usr/share/zoneinfo'), database()], { purpose })
}

/** What decides the bytes of the zones. */
export async function zoneInputs(): Promise<Record<string, string>> {
  const version = runSync(['zic', '--version'], { purpose }).trim()
  return { zones: await hashFile(database()), zic: `${version} ${slim.join(' ')}` }
}

function database(): string {
  if (existsSync(source)) return source
  throw new UserError(`could not ${purpose}: ${source} does not exist on this host`, {
    hint: 'install the package tzdata (on openSUSE: timezone)',
  })
}
