import type { Format } from '../image/format.ts'
import { diskBoots, vmwareBoots } from '../image/boots.ts'
import { convertDisk, diskFragments, diskTools } from '../image/disk.ts'
import { fixVmdk } from '../image/vmdk.ts'
import { hashOfParts } from '../image/part.ts'
import { writeWhole } from '../image/whole.ts'

const vmdk: Format = {
  summary: 'a disk image for VMware (streamOptimized, for import into ESXi)',
  fragments: [...diskFragments, 'platform-vmware'],
  tools: [...diskTools, 'qemu-img'],
  boots: [...diskBoots, ...vmwareBoots],
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.vmdk', async (path, work) => {
      await convertDisk(input, path, work, ['-O', 'vmdk', '-o', 'subformat=streamOptimized'])
      await fixVmdk(path, hashOfParts(input))
    }),
  ],
}

export default vmdk
