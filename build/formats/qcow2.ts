import type { Format } from '../image/format.ts'
import { diskBoots } from '../image/boots.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { writeWhole } from '../image/whole.ts'

const qcow2: Format = {
  summary: 'a disk image for QEMU, libvirt, Proxmox and OpenStack',
  fragments: [...diskFragments],
  tools: [...diskTools, 'qemu-img'],
  boots: diskBoots,
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.qcow2', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'qcow2', '-o', 'lazy_refcounts=off'])
    }),
  ],
}

export default qcow2
