import { realpath } from 'node:fs/promises'
import { UserError } from '../../config/lib/errors.ts'
import { runSync } from '../../config/lib/run.ts'

/** A shared library, and its path in the guest. */
export interface Library {
  /** File on this host, links resolved. */
  file: string
  /** Absolute path in the guest: the one that the program names (the loader) or finds. */
  guestPath: string
}

/**
 * Lists the shared libraries that a binary needs, directly or not, as this host's loader resolves them.
 *
 * @throws {UserError} naming the libraries that this host does not have
 */
export async function librariesOf(binary: string): Promise<Library[]> {
  const listing = runSync(['ldd', binary], { purpose: `list the libraries that ${binary} needs` })
  const missing = [...listing.matchAll(/^\s*(\S+) => not found$/gm)].map((match) => match[1])
  if (missing.length > 0) {
    throw new UserError(`${binary} needs libraries that this host does not have: ${missing.join(', ')}`, {
      hint: 'npm run doctor   shows what is missing and how to install it',
    })
  }
  const paths = [...listing.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(
    (match) => match[1] ?? '',
  )
  return Promise.all(paths.sort().map(async (guestPath) => ({ file: await realpath(guestPath), guestPath })))
}
