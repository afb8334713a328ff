import { open } from 'node:fs/promises'

/** What the header of an ELF file says of where it can run. */
export interface Elf {
  machine: 'x64' | 'arm64' | 'other'
}

const machineOffset = 18
const machines: Record<number, Elf['machine']> = { 62: 'x64', 183: 'arm64' }

/** Reads an ELF header; undefined when the file is not a 64-bit little-endian ELF file. */
export async function readElf(path: string): Promise<Elf | undefined> {
  const file = await open(path)
  try {
    const header = Buffer.alloc(20)
    const { bytesRead } = await file.read(header, 0, header.length, 0)
    const isElf = bytesRead === header.length && header.readUInt32BE(0) === 0x7f454c46
    if (!isElf || header[4] !== 2 || header[5] !== 1) return undefined
    return { machine: machines[header.readUInt16LE(machineOffset)] ?? 'other' }
  } finally {
    await file.close()
  }
}
