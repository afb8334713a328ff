/** What build/runtime changes in a 64-bit, little-endian ELF file (elf.h). */

const sectionBytes = 64
const sectionType = { dynamicSymbols: 11 }
const symbolBytes = 24
const segmentBytes = 56
const segmentType = { load: 1, note: 4 }

export interface Range {
  offset: number
  bytes: number
}

interface Section extends Range {
  /** Position of its header in the file. */
  header: number
  type: number
  address: number
  /** Index of the section with the names. */
  link: number
}

/** Finds the data of a dynamic symbol in the file. */
export function findSymbol(elf: Buffer, wanted: RegExp): (Range & { name: string }) | undefined {
  const all = sections(elf)
  const table = all.find(({ type }) => type === sectionType.dynamicSymbols)
  const strings = table && all[table.link]
  if (table === undefined || strings === undefined) return undefined
  for (let at = table.offset; at < table.offset + table.bytes; at += symbolBytes) {
    const text = strings.offset + elf.readUInt32LE(at)
    const name = elf.toString('latin1', text, elf.indexOf(0, text))
    const within = all[elf.readUInt16LE(at + 6)]
    if (!wanted.test(name) || within === undefined) continue
    return { name, offset: within.offset + number(elf, at + 8) - within.address, bytes: number(elf, at + 16) }
  }
  return undefined
}

function sections(elf: Buffer): Section[] {
  const table = number(elf, 40)
  return Array.from({ length: elf.readUInt16LE(60) }, (_, index) => {
    const header = table + index * sectionBytes
    return {
      header,
      type: elf.readUInt32LE(header + 4),
      address: number(elf, header + 16),
      offset: number(elf, header + 24),
      bytes: number(elf, header + 32),
      link: elf.readUInt32LE(header + 40),
    }
  })
}

/**
 * Removes pages that nothing reads from a loaded segment: the file becomes shorter, every address stays. The segment
 * becomes two with a gap between them; the second takes the place of the notes (the build ID) in the program headers.
 *
 * @returns the new file, and how many bytes were removed: the whole pages in `unused`
 * @throws {Error} when the segments are not laid out as expected
 */
export function removePages(elf: Buffer, unused: Range): { elf: Buffer; removed: number } {
  const table = number(elf, 32)
  const count = elf.readUInt16LE(56)
  const headers = Array.from({ length: count }, (_, index) =>
    Buffer.from(elf.subarray(table + index * segmentBytes, table + (index + 1) * segmentBytes)),
  )
  const loads = headers.filter((header) => header.readUInt32LE(0) === segmentType.load)
  const split = loads.find(
    (header) =>
      number(header, 8) <= unused.offset &&
      unused.offset + unused.bytes <= number(header, 8) + number(header, 32),
  )
  const note = headers.findIndex((header) => header.readUInt32LE(0) === segmentType.note)
  if (split === undefined || note === -1) throw new Error('it has no segment that could be split')
  const moved = loads.filter((header) => number(header, 8) >= number(split, 8))
  const page = Math.max(...moved.map((header) => number(header, 48)))
  const from = Math.ceil(unused.offset / page) * page
  const removed = Math.floor((unused.offset + unused.bytes) / page) * page - from
  if (removed <= 0) return { elf, removed: 0 }

  const [first, second] = [Buffer.from(split), Buffer.from(split)]
  const kept = from - number(split, 8)
  for (const at of [32, 40]) setNumber(first, at, kept)
  setNumber(second, 8, from)
  for (const at of [16, 24]) setNumber(second, at, number(split, at) + kept + removed)
  for (const at of [32, 40]) setNumber(second, at, number(split, at) - kept - removed)
  const written = headers.flatMap((header, index) => {
    if (index === note) return []
    if (header === split) return [first, second]
    return [shift(header, 8, from, removed)]
  })

  const out = Buffer.concat([elf.subarray(0, from), elf.subarray(from + removed)])
  Buffer.concat(written).copy(out, table)
  shift(out, 40, from, removed)
  const start = number(out, 40)
  for (const { header, offset, bytes } of sections(elf)) {
    const place = start + header - number(elf, 40)
    // The part behind the gap belongs to no section; only the segments matter at run time.
    if (offset < from && offset + bytes > from) setNumber(out, place + 32, from - offset)
    shift(out, place + 24, from, removed)
  }
  return { elf: out, removed }
}

/** Lowers an offset in the file that lies behind removed bytes. */
function shift(bytes: Buffer, at: number, from: number, removed: number): Buffer {
  const offset = number(bytes, at)
  if (offset >= from + removed) setNumber(bytes, at, offset - removed)
  return bytes
}

function number(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

function setNumber(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at)
}
