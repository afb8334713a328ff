import type { Format } from '../image/format.ts'
import { diskBoots } from '../image/boots.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { hashOfParts } from '../image/part.ts'
import { fixVhdx } from '../image/vhdx.ts'
import { writeWhole } from '../image/whole.ts'

const vhdx: Format = {
  summary: 'a disk image for Hyper-V generation 2',
  fragments: [...diskFragments, 'platform-azure'],
  tools: [...diskTools, 'qemu-img'],
  boots: diskBoots,
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.vhdx', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'vhdx', '-o', 'subformat=dynamic,block_size=1M'])
      await fixVhdx(path, hashOfParts(input))
    }),
  ],
}

export default vhdx
