import { writeFile } from 'node:fs/promises'
import { type Format, imageCommandLine, looped, writeImage } from '../image/format.ts'
import { initramfsTools, makeInitramfs } from '../image/initramfs.ts'

const initrd: Format = {
  summary: 'the kernel and an initramfs with the layers, for PXE and iPXE',
  fragments: ['image-initrd'],
  layers: 'packed',
  tools: initramfsTools,
  boots: [
    { firmware: 'none', as: 'kernel' },
    { firmware: 'bios', as: 'ipxe' },
  ],
  assemble: async (input) => [
    await writeImage(input, 'nodeos.initrd', async (path, work) => makeInitramfs(input, path, work, true)),
    await writeImage(input, 'nodeos.ipxe', async (path) => {
      const cmdline = imageCommandLine(input.config, looped)
      const kernel = `kernel kernel/vmlinuz initrd=nodeos.initrd ${cmdline}`
      await writeFile(path, `#!ipxe\n${kernel}\ninitrd nodeos.initrd\nboot\n`)
    }),
  ],
}

export default initrd
