import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'

/** What a build step leaves behind. */
export interface Artefact {
  /** Unique in a build, e.g. `runtime` or `kernel/vmlinux`. */
  name: string
  /** Absolute in memory, relative to `dist/` in the manifest. */
  path: string
  bytes: number
  sha256: string
  /** What it was made from: a name and a hash, version or setting each. */
  inputs: Record<string, string>
}

/** SHA-256 of a file's content, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    // One piece of memory for all of it: a build hashes what it finds finished, and should not be waited for.
    const piece = Buffer.allocUnsafe(Math.min(2 ** 20, (await file.stat()).size + 1))
    for (;;) {
      const { bytesRead } = await file.read(piece)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(piece.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}

/** SHA-256 of a string or of bytes, in hex. */
export function hashText(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** The record of a finished file. */
export async function describeFile(
  name: string,
  path: string,
  inputs: Record<string, string>,
): Promise<Artefact> {
  const { size } = await stat(path)
  return { name, path, bytes: size, sha256: await hashFile(path), inputs }
}
