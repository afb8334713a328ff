import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

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
  // Large pieces: a build hashes what it finds finished, and should not be waited for.
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash)
  return hash.digest('hex')
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
