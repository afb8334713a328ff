import { open } from 'node:fs/promises'

const footerBytes = 512
const timeAt = 24
const checksumAt = 64
const uuidAt = 68

/** Replaces time and UUID in the footer of a fixed VHD by what its content decides. */
export async function fixVhd(path: string, hash: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const at = (await file.stat()).size - footerBytes
    const footer = Buffer.alloc(footerBytes)
    await file.read(footer, 0, footerBytes, at)
    footer.writeUInt32BE(0, timeAt)
    Buffer.from(hash, 'hex').copy(footer, uuidAt, 0, 16)
    footer.writeUInt32BE(0, checksumAt)
    const sum = footer.reduce((total, byte) => total + byte, 0)
    footer.writeUInt32BE(~sum >>> 0, checksumAt)
    await file.write(footer, 0, footerBytes, at)
  } finally {
    await file.close()
  }
}
