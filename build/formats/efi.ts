import { join } from 'node:path'
import { type Format, imageCommandLine, looped, part, withFixedTime, writeImage } from '../image/format.ts'
import { makeEfiFile } from '../image/efi-file.ts'
import { initramfsTools, makeInitramfs } from '../image/initramfs.ts'

const efi: Format = {
  summary: 'one EFI program with kernel, command line and layers',
  fragments: ['image-initrd'],
  layers: 'packed',
  tools: [...initramfsTools, 'objcopy', 'objdump', 'linuxx64.efi.stub'],
  boots: [{ firmware: 'efi', as: 'efi-file' }],
  assemble: async (input) => [
    await writeImage(input, 'nodeos.efi', async (path, work) =>
      withFixedTime(async () => {
        const initrd = join(work, 'initrd')
        await makeInitramfs(input, initrd, work, true)
        await makeEfiFile({
          out: path,
          work,
          kernel: part(input, 'kernel/vmlinuz').path,
          initrd,
          cmdline: imageCommandLine(input.config, looped),
        })
      }),
    ),
  ],
}

export default efi
