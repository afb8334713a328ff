import { diskBoots, type Format, hashOfParts, writeImage } from '../image/format.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { open } from 'node:fs/promises'

const vhdx: Format = {
  summary: 'a disk image for Hyper-V generation 2',
  fragments: [...diskFragments, 'platform-azure'],
  layers: 'packed',
  tools: [...diskTools, 'qemu-img'],
  boots: diskBoots,
  assemble: async (input) => [
    await writeImage(input, 'nodeos.vhdx', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'vhdx', '-o', 'subformat=dynamic,block_size=1M'])
      await fixVhdx(path, hashOfParts(input))
    }),
  ],
}

export default vhdx

const kib = 1024
const headers = [64 * kib, 128 * kib]
const headerBytes = 4 * kib
const regionTables = [192 * kib, 256 * kib]
const regionBytes = 64 * kib
const metadataRegion = '8b7ca206-4790-4b9a-b8fe-575f050f886e'
const diskId = 'beca12ab-b2e6-4523-93ef-c309e000c746'

/**
 * Replaces the UUIDs of a VHDX (file, data, disk) by ones derived from its content, updates the checksums and
 * empties the log, which is done with.
 */
export async function fixVhdx(path: string, hash: string): Promise<void> {
  const uuids = Buffer.from(hash, 'hex')
  const file = await open(path, 'r+')
  const take = async (at: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.alloc(length)
    await file.read(buffer, 0, length, at)
    return buffer
  }
  try {
    const both = await Promise.all(headers.map(async (at) => ({ at, header: await take(at, headerBytes) })))
    // The header with the greater number counts; they begin anywhere.
    both.sort((one, other) => (one.header.readBigUInt64LE(8) < other.header.readBigUInt64LE(8) ? -1 : 1))
    for (const [index, { at, header }] of both.entries()) {
      header.writeBigUInt64LE(BigInt(index + 1), 8)
      uuids.copy(header, 16, 0, 16)
      uuids.copy(header, 32, 16, 32)
      header.writeUInt32LE(0, 4)
      header.writeUInt32LE(crc32c(header), 4)
      await file.write(header, 0, headerBytes, at)
    }
    const [{ header } = { header: Buffer.alloc(headerBytes) }] = both
    await file.write(Buffer.alloc(header.readUInt32LE(68)), 0, undefined, Number(header.readBigUInt64LE(72)))
    const regions = entries(await take(regionTables[0] ?? 0, regionBytes), 8, 16)
    const metadata = regions.get(metadataRegion)
    if (metadata === undefined) throw new Error(`${path} has no metadata region`)
    const start = Number(metadata.readBigUInt64LE(16))
    const disk = entries(await take(start, regionBytes), 10, 32).get(diskId)
    if (disk === undefined) throw new Error(`${path} has no disk id`)
    await file.write(uuids.subarray(8, 24), 0, 16, start + disk.readUInt32LE(16))
  } finally {
    await file.close()
  }
}

/** Entries of 32 bytes by the UUID that each begins with. */
function entries(table: Buffer, countAt: number, first: number): Map<string, Buffer> {
  const count = table.readUInt16LE(countAt)
  const all = Array.from({ length: count }, (_, index) =>
    table.subarray(first + 32 * index, first + 32 * (index + 1)),
  )
  return new Map(all.map((entry) => [guid(entry), entry]))
}

function guid(entry: Buffer): string {
  const hex = (from: number, to: number): string => entry.subarray(from, to).toString('hex')
  const little = (from: number, to: number): string =>
    Buffer.from(entry.subarray(from, to)).reverse().toString('hex')
  return `${little(0, 4)}-${little(4, 6)}-${little(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`
}

function crc32c(data: Buffer): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}
