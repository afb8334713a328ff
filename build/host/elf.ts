import { closeSync, openSync, readSync } from 'node:fs'

/** Where a compiled file can run, and what it needs. */
export interface Elf {
  machine: 'x64' | 'arm64' | 'ia32' | 'arm' | 'another processor'
  /** Names of the shared libraries that it is linked with, e.g. `libz.so.1`. */
  needed: string[]
  /** Folders to look for them in before any other; `$ORIGIN` is the folder of the file. */
  rpath: string[]
  /** Absolute path of the loader that starts a program; undefined for a library. */
  interpreter: string | undefined
  /** NODE_MODULE_VERSION that an addon is compiled for; undefined where it does not matter, as with Node-API. */
  abi: number | undefined
}

/** What else a compiled file may be. */
export type Foreign = 'macOS' | 'Windows' | 'unknown'

const machines: Record<number, Elf['machine']> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64' }
const segment = { load: 1, dynamic: 2, interpreter: 3 }
const tag = { end: 0, needed: 1, strings: 5, stringBytes: 10, rpath: 15, runpath: 29 }
const nothing = { needed: [], rpath: [], interpreter: undefined, abi: undefined }
const headerBytes = 64
const segmentBytes = 56

const sectionBytes = 64
const sectionType = { symbols: 2 }
const symbolBytes = 24
/** Size of `struct node_module` in node.h. */
const moduleBytes = 64

type Read = (offset: number, length: number) => Buffer

interface Segment {
  type: number
  offset: number
  address: number
  bytes: number
}

interface Section extends Segment {
  /** Index of the section with the names. */
  link: number
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
    if (!is64) return { machine, ...nothing }
    const all = segments(read, header)
    const { needed, rpath, names } = dynamic(read, all)
    const loader = all.find(({ type }) => type === segment.interpreter)
    const interpreter = loader && cString(read, loader.offset)
    return {
      machine,
      needed,
      rpath,
      interpreter,
      abi: versionIn(names) ?? registeredVersion(read, header, names),
    }
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

interface Dynamic extends Pick<Elf, 'needed' | 'rpath'> {
  /** The names of symbols and libraries, each ended by NUL. */
  names: string
}

function dynamic(read: Read, all: Segment[]): Dynamic {
  const found = all.find(({ type }) => type === segment.dynamic)
  if (found === undefined) return { needed: [], rpath: [], names: '' }
  const table = read(found.offset, found.bytes)
  const entries: [tag: number, value: number][] = []
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const entry: [number, number] = [Number(table.readBigInt64LE(at)), Number(table.readBigUInt64LE(at + 8))]
    if (entry[0] === tag.end) break
    entries.push(entry)
  }
  const value = (wanted: number): number => entries.find(([name]) => name === wanted)?.[1] ?? 0
  const strings = fileOffset(all, value(tag.strings))
  const text = (wanted: number): string[] =>
    entries.filter(([name]) => name === wanted).map(([, value]) => cString(read, strings + value))
  const paths = text(tag.runpath).length > 0 ? text(tag.runpath) : text(tag.rpath)
  return {
    needed: text(tag.needed),
    rpath: paths.flatMap((path) => path.split(':')).filter(Boolean),
    names: read(strings, value(tag.stringBytes)).toString('latin1'),
  }
}

/** NODE_MODULE_INIT() exports a function whose name has the version. */
function versionIn(names: string): number | undefined {
  const version = /\0node_register_module_v(\d+)\0/.exec(`\0${names}`)?.[1]
  return version === undefined ? undefined : Number(version)
}

/** NODE_MODULE() passes a structure, `_module`, that begins with the version: found if the addon is not stripped. */
function registeredVersion(read: Read, header: Buffer, names: string): number | undefined {
  if (!`\0${names}`.includes('\0node_module_register\0')) return undefined
  const all = sections(read, header)
  const symbols = all.find(({ type }) => type === sectionType.symbols)
  const strings = symbols && all[symbols.link]
  if (symbols === undefined || strings === undefined) return undefined
  const table = read(symbols.offset, symbols.bytes)
  const text = read(strings.offset, strings.bytes)
  for (let at = 0; at + symbolBytes <= table.length; at += symbolBytes) {
    const name = table.readUInt32LE(at)
    const size = Number(table.readBigUInt64LE(at + 16))
    if (size !== moduleBytes || text.toString('latin1', name, name + 8) !== '_module\0') continue
    const within = all[table.readUInt16LE(at + 6)]
    if (within === undefined) continue
    const address = Number(table.readBigUInt64LE(at + 8))
    return read(within.offset + address - within.address, 4).readInt32LE(0)
  }
  return undefined
}

function sections(read: Read, header: Buffer): Section[] {
  const count = header.readUInt16LE(60)
  const table = read(Number(header.readBigUInt64LE(40)), count * sectionBytes)
  return Array.from({ length: table.length / sectionBytes }, (_, index) => {
    const at = index * sectionBytes
    return {
      type: table.readUInt32LE(at + 4),
      address: Number(table.readBigUInt64LE(at + 16)),
      offset: Number(table.readBigUInt64LE(at + 24)),
      bytes: Number(table.readBigUInt64LE(at + 32)),
      link: table.readUInt32LE(at + 40),
    }
  })
}

/** Returns the position in the file of what is loaded at an address. */
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
