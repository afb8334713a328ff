import { writeFile } from 'node:fs/promises'
import type { Format } from '../image/format.ts'
import { imageCommandLine, looped } from '../image/command-line.ts'
import { makeInitramfs } from '../image/initramfs.ts'
import { writeWhole } from '../image/whole.ts'

const initrd: Format = {
  summary: 'the kernel and an initramfs with the layers, for PXE and iPXE',
  fragments: ['image-initrd'],
  tools: [],
  boots: [
    { firmware: 'none', as: 'kernel' },
    { firmware: 'bios', as: 'ipxe' },
  ],
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.initrd', async (path, work) => makeInitramfs(input, path, work, true)),
    await writeWhole(input, 'nodeos.ipxe', async (path) => {
      const cmdline = imageCommandLine(input.config, looped)
      const kernel = `kernel kernel/vmlinuz initrd=nodeos.initrd ${cmdline}`
      await writeFile(path, `#!ipxe\n${kernel}\ninitrd nodeos.initrd\nboot\n`)
    }),
  ],
}

export default initrd
