import type { Format } from '../image/format.ts'
import { diskBoots } from '../image/boots.ts'
import { diskFragments, diskTools, makeDisk } from '../image/disk.ts'
import { writeWhole } from '../image/whole.ts'

const raw: Format = {
  summary: 'a raw disk image, for BIOS and EFI',
  fragments: diskFragments,
  tools: diskTools,
  boots: diskBoots,
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.raw', async (path, work) => makeDisk(input, path, work)),
  ],
}

export default raw
