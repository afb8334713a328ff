import { open, type FileHandle } from 'node:fs/promises'

const chunkBytes = 64 * 1024
const zeros = Buffer.alloc(chunkBytes)

/** Copies a file into another at an offset; chunks of nothing but zeros stay holes. */
export async function writeAt(target: FileHandle, path: string, offset: number): Promise<void> {
  const source = await open(path)
  try {
    const buffer = Buffer.alloc(chunkBytes)
    for (let at = 0; ;) {
      const { bytesRead } = await source.read(buffer, 0, chunkBytes, at)
      if (bytesRead === 0) return
      const chunk = buffer.subarray(0, bytesRead)
      if (!chunk.equals(zeros.subarray(0, bytesRead))) await target.write(chunk, 0, bytesRead, offset + at)
      at += bytesRead
    }
  } finally {
    await source.close()
  }
}
