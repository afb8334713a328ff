import { closeSync, openSync, readSync } from 'node:fs'

/** What a compiled file says of where it can run and what it needs. */
export interface Elf {
  machine: 'x64' | 'arm64' | 'ia32' | 'arm' | 'another processor'
  /** Names of the shared libraries that it is linked with, e.g. `libz.so.1`. */
  needed: string[]
  /** Folders to look for them in before any other; `$ORIGIN` is the folder of the file. */
  rpath: string[]
}

/** What else a compiled file may be. */
export type Foreign = 'macOS' | 'Windows' | 'unknown'

const machines: Record<number, Elf['machine']> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64' }
const segment = { load: 1, dynamic: 2 }
const tag = { end: 0, needed: 1, strings: 5, rpath: 15, runpath: 29 }
const headerBytes = 64
const segmentBytes = 56

type Read = (offset: number, length: number) => Buffer

interface Segment {
  type: number
  offset: number
  address: number
  bytes: number
}

/** Reads the headers of a shared library or program; for what is not an ELF file, what it is instead. */
export function readElf(path: string): Elf | Foreign {
  const file = openSync(path, 'r')
  try {
    const read: Read = (offset, length) => {
      const buffer = Buffer.alloc(length)
      return buffer.subarray(0, readSync(file, buffer, 0, length, offset))
    }
    const header = read(0, headerBytes)
    if (header.length < headerBytes || header.readUInt32BE(0) !== 0x7f454c46) return foreign(header)
    const machine = (header[5] === 1 ? machines[header.readUInt16LE(18)] : undefined) ?? 'another processor'
    const is64 = header[4] === 2 && header[5] === 1
    return { machine, ...(is64 ? dynamic(read, segments(read, header)) : { needed: [], rpath: [] }) }
  } catch (error) {
    // Offsets that lead nowhere: the file is cut off or damaged.
    if (error instanceof RangeError) return 'unknown'
    throw error
  } finally {
    closeSync(file)
  }
}

function foreign(header: Buffer): Foreign {
  const start = header.subarray(0, 4).toString('hex')
  if (/^(cffaedfe|cefaedfe|cafebabe)$/.test(start)) return 'macOS'
  return start.startsWith('4d5a') ? 'Windows' : 'unknown'
}

function segments(read: Read, header: Buffer): Segment[] {
  const count = header.readUInt16LE(56)
  const table = read(Number(header.readBigUInt64LE(32)), count * segmentBytes)
  return Array.from({ length: count }, (_, index) => {
    const at = index * segmentBytes
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      bytes: Number(table.readBigUInt64LE(at + 32)),
    }
  })
}

function dynamic(read: Read, all: Segment[]): Pick<Elf, 'needed' | 'rpath'> {
  const found = all.find(({ type }) => type === segment.dynamic)
  if (found === undefined) return { needed: [], rpath: [] }
  const table = read(found.offset, found.bytes)
  const entries: [tag: number, value: number][] = []
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const entry: [number, number] = [Number(table.readBigInt64LE(at)), Number(table.readBigUInt64LE(at + 8))]
    if (entry[0] === tag.end) break
    entries.push(entry)
  }
  const strings = fileOffset(all, entries.find(([name]) => name === tag.strings)?.[1] ?? 0)
  const text = (wanted: number): string[] =>
    entries.filter(([name]) => name === wanted).map(([, value]) => cString(read, strings + value))
  const paths = text(tag.runpath).length > 0 ? text(tag.runpath) : text(tag.rpath)
  return { needed: text(tag.needed), rpath: paths.flatMap((path) => path.split(':')).filter(Boolean) }
}

/** Where in the file lies what is loaded at an address. */
function fileOffset(all: Segment[], address: number): number {
  const within = all.find(
    (one) => one.type === segment.load && address >= one.address && address < one.address + one.bytes,
  )
  if (within === undefined) throw new RangeError(`nothing is loaded at ${address}`)
  return address - within.address + within.offset
}

function cString(read: Read, offset: number): string {
  const bytes = read(offset, 4096)
  const end = bytes.indexOf(0)
  if (end === -1) throw new RangeError('a name without an end')
  return bytes.toString('latin1', 0, end)
}
