import { diskBoots, type Format, writeImage } from '../image/format.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'

const qcow2: Format = {
  summary: 'a disk image for QEMU, libvirt, Proxmox and OpenStack',
  fragments: [...diskFragments],
  layers: 'plain',
  tools: [...diskTools, 'qemu-img'],
  boots: diskBoots,
  assemble: async (input) => [
    await writeImage(input, 'nodeos.qcow2', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'qcow2', '-c', '-o', 'lazy_refcounts=off'])
    }),
  ],
}

export default qcow2
