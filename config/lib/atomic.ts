import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file at once: after a loss of power it has the old content or the new one.
 * Four lines; write-file-atomic would add a dependency, and cannot write folders.
 */
export async function writeAtomic(file: string, data: string | Uint8Array, mode = 0o666): Promise<void> {
  await makeAtomic(file, (path) => writeFile(path, data, { mode, flush: true }))
}

/**
 * Replaces a file or a folder at once with what `make` writes to the path that it gets, beside its final place.
 * When `make` fails, nothing changes and nothing is left.
 */
export async function makeAtomic(path: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.unfinished`
  await mkdir(dirname(path), { recursive: true })
  await rm(unfinished, { recursive: true, force: true })
  try {
    await make(unfinished)
    await rename(unfinished, path).catch(async (error: NodeJS.ErrnoException) => {
      // A folder replaces an empty folder only.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
      await rm(path, { recursive: true, force: true })
      await rename(unfinished, path)
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}
