import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

const chunkBytes = 2 ** 20

/** Returns the SHA-256 of a file's content, in hex. One buffer for all of it is faster than a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, (await file.stat()).size + 1))
    for (;;) {
      const { bytesRead } = await file.read(buffer)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}

/** Returns the SHA-256 of a string or of bytes, in hex. */
export function hashText(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Returns the UUID (version 8) that a SHA-256 in hex begins with: the same content, the same UUID. */
export function uuidOf(sha256: string): string {
  const variant = ((Number.parseInt(sha256[16] ?? '0', 16) & 3) | 8).toString(16)
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}${variant}${sha256.slice(17, 32)}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
