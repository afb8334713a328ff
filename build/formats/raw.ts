import { diskBoots, type Format, writeImage } from '../image/format.ts'
import { diskFragments, diskTools, makeDisk } from '../image/disk.ts'

const raw: Format = {
  summary: 'a raw disk image, for BIOS and EFI',
  fragments: diskFragments,
  layers: 'packed',
  tools: diskTools,
  boots: diskBoots,
  assemble: async (input) => [
    await writeImage(input, 'nodeos.raw', async (path, work) => makeDisk(input, path, work)),
  ],
}

export default raw
