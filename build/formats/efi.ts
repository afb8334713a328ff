import { join } from 'node:path'
import type { Format } from '../image/format.ts'
import { imageCommandLine, looped } from '../image/command-line.ts'
import { makeEfiFile } from '../image/efi-file.ts'
import { withFixedTime } from '../image/epoch.ts'
import { makeInitramfs } from '../image/initramfs.ts'
import { part } from '../image/part.ts'
import { writeWhole } from '../image/whole.ts'

const efi: Format = {
  summary: 'one EFI program with kernel, command line and layers',
  fragments: ['image-initrd'],
  tools: ['objcopy', 'objdump', 'linuxx64.efi.stub'],
  boots: [{ firmware: 'efi', as: 'efi-file' }],
  assemble: async (input) => [
    await writeWhole(input, 'nodeos.efi', async (path, work) =>
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
