import type { Format } from '../image/format.ts'
import { diskBoots } from '../image/boots.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { hashOfParts } from '../image/part.ts'
import { fixVhd } from '../image/vhd.ts'
import { writeWhole } from '../image/whole.ts'

const vhd: Format = {
  summary: 'a fixed-size disk image for Azure and Hyper-V generation 1',
  fragments: [...diskFragments, 'platform-azure'],
  tools: [...diskTools, 'qemu-img'],
  boots: diskBoots,
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.vhd', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'])
      await fixVhd(path, hashOfParts(input))
    }),
  ],
}

export default vhd
