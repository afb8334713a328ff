import { diskBoots, type Format, hashOfParts, writeImage } from '../image/format.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { open } from 'node:fs/promises'

const vhd: Format = {
  summary: 'a fixed-size disk image for Azure and Hyper-V generation 1',
  fragments: [...diskFragments, 'platform-azure'],
  layers: 'packed',
  tools: [...diskTools, 'qemu-img'],
  boots: diskBoots,
  assemble: async (input) => [
    await writeImage(input, 'nodeos.vhd', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'])
      await fixVhd(path, hashOfParts(input))
    }),
  ],
}

export default vhd

const footerBytes = 512
const timeAt = 24
const checksumAt = 64
const uuidAt = 68

/** Replaces time and UUID in the footer of a fixed VHD by zero and a part of a hash. */
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
