import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'
import { loaderFile } from '../host/loaders.ts'

/** Larger than any alignment that a section or a page of firmware asks for. */
const alignment = 0x10000n

export interface EfiFileOptions {
  /** File to write. */
  out: string
  /** Folder to work in. */
  work: string
  kernel: string
  initrd: string
  /** Kernel command line. */
  cmdline: string
}

/** Makes a unified kernel image: systemd's stub with the kernel, its command line and its initramfs as sections. */
export async function makeEfiFile({ out, work, kernel, initrd, cmdline }: EfiFileOptions): Promise<void> {
  const purpose = 'make the EFI image'
  const stub = loaderFile('linuxx64.efi.stub')
  const line = join(work, 'cmdline')
  await writeFile(line, cmdline)
  let address = align(endOf(runSync(['objdump', '-h', '-w', stub], { purpose })))
  const sections: string[] = []
  for (const [name, path] of [
    ['.cmdline', line],
    ['.linux', kernel],
    ['.initrd', initrd],
  ] as const) {
    sections.push(`--add-section=${name}=${path}`, `--change-section-vma=${name}=0x${address.toString(16)}`)
    address = align(address + BigInt((await stat(path)).size))
  }
  runSync(['objcopy', ...sections, stub, out], { purpose })
  await clearTime(out)
}

/** Clears the time that objcopy writes, and its checksum, which EFI firmware ignores. */
async function clearTime(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const start = Buffer.alloc(4)
    await file.read(start, 0, 4, 0x3c)
    const header = start.readUInt32LE()
    for (const at of [8, 88]) await file.write(Buffer.alloc(4), 0, 4, header + at)
  } finally {
    await file.close()
  }
}

/** Returns the end of the last section in memory, from the output of `objdump -h`: number, name, size, address, … */
function endOf(sections: string): bigint {
  return [...sections.matchAll(/^\s*\d+\s+\S+\s+([0-9a-f]+)\s+([0-9a-f]+)\s/gm)]
    .map(([, size, address]) => BigInt(`0x${size}`) + BigInt(`0x${address}`))
    .reduce((most, end) => (end > most ? end : most), 0n)
}

function align(address: bigint): bigint {
  return ((address + alignment - 1n) / alignment) * alignment
}
