import { diskBoots, type Format, hashOfParts, vmwareBoots, writeImage } from '../image/format.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { open } from 'node:fs/promises'

const vmdk: Format = {
  summary: 'a disk image for VMware (streamOptimized, for import into ESXi)',
  fragments: [...diskFragments, 'platform-vmware'],
  layers: 'plain',
  tools: [...diskTools, 'qemu-img'],
  boots: [...diskBoots, ...vmwareBoots],
  assemble: async (input) => [
    await writeImage(input, 'nodeos.vmdk', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'vmdk', '-o', 'subformat=streamOptimized'])
      await fixVmdk(path, hashOfParts(input))
    }),
  ],
}

export default vmdk

/** The descriptor is in the first clusters of the file. */
const headBytes = 64 * 1024

/** Replaces the random content id of a VMDK's descriptor by a part of a hash. */
export async function fixVmdk(path: string, hash: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const head = Buffer.alloc(headBytes)
    await file.read(head, 0, headBytes, 0)
    const text = head.toString('latin1')
    const id = /\nCID=([0-9a-f]{1,8})\n/.exec(text)
    if (id?.[1] === undefined) throw new Error(`${path} has no content id in its descriptor`)
    const value = BigInt(`0x${hash.slice(0, 8)}`) | 0x10000000n
    const line = `\nCID=${value.toString(16)}\n`
    const end = text.indexOf('\0', id.index)
    const rest = `${line}${text.slice(id.index + id[0].length, end)}`
    const was = end - id.index
    await file.write(Buffer.from(rest.padEnd(was, '\0'), 'latin1'), 0, Math.max(rest.length, was), id.index)
  } finally {
    await file.close()
  }
}
