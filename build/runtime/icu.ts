/**
 * The format of ICU's data, as a Node binary carries it: a common data file (`CmnD`), which is a header, a table of
 * contents sorted by name, and the items. ICU documents the formats in ucmndata.h and uresdata.h.
 */

export interface Item {
  /** Path below the package's name, e.g. `curr/de.res`. */
  name: string
  bytes: Buffer
}

export interface Package {
  header: Buffer
  /** Precedes every name, e.g. `icudt78l/`. */
  prefix: string
  items: Item[]
}

const alignment = 16
/** Bytes of an entry in the table of contents: the offsets of a name and of an item. */
const entryBytes = 8
/** Follows the length of the header. */
const magic = 0x27da
/** The types of a resource, in the upper four bits of its word. */
const type = { table: 2, table16: 5 }

/** @throws {Error} when the data is not in the known format, or ends early */
export function readPackage(data: Buffer): Package {
  const start = data.readUInt16LE(0)
  const isLittleEndian = data[8] === 0
  const format = data.toString('latin1', 12, 16)
  if (data.readUInt16LE(2) !== magic || !isLittleEndian || format !== 'CmnD' || data[16] !== 1) {
    throw new Error('it is not a common data file, version 1, little-endian')
  }
  const contents = data.subarray(start)
  const count = contents.readUInt32LE(0)
  const table = Array.from({ length: count }, (_, index) => ({
    name: stringAt(contents, contents.readUInt32LE(4 + entryBytes * index)),
    at: contents.readUInt32LE(8 + entryBytes * index),
  }))
  const prefix = table[0]?.name.slice(0, table[0].name.indexOf('/') + 1) ?? ''
  const items = table.map(({ name, at }, index) => {
    const end = table[index + 1]?.at ?? contents.length
    if (!name.startsWith(prefix) || at > end || end > contents.length) {
      throw new Error(`its table of contents is damaged at ${JSON.stringify(name)}`)
    }
    return { name: name.slice(prefix.length), bytes: contents.subarray(at, end) }
  })
  return { header: data.subarray(0, start), prefix, items }
}

export function writePackage({ header, prefix, items }: Package): Buffer {
  const names = items.map(({ name }) => Buffer.from(`${prefix}${name}\0`, 'latin1'))
  const table = Buffer.alloc(4 + entryBytes * items.length)
  table.writeUInt32LE(items.length, 0)
  const parts = [header, table]
  let at = table.length
  const append = (bytes: Buffer): void => {
    parts.push(bytes)
    at += bytes.length
  }
  for (const [index, name] of names.entries()) {
    table.writeUInt32LE(at, 4 + entryBytes * index)
    append(name)
  }
  for (const [index, { bytes }] of items.entries()) {
    append(Buffer.alloc(-(header.length + at) & (alignment - 1)))
    table.writeUInt32LE(at, 8 + entryBytes * index)
    append(bytes)
  }
  return Buffer.concat(parts)
}

/**
 * Returns a `res_index.res`, which lists the available locales, with only those for which `keep` returns true.
 *
 * @throws {Error} when the list is not in the known format
 */
export function filterIndex(original: Buffer, keep: (locale: string) => boolean): Buffer {
  const bytes = Buffer.from(original)
  const body = bytes.subarray(bytes.readUInt16LE(0))
  const root = body.readUInt32LE(0)
  if (root >>> 28 !== type.table) throw new Error('its list of locales is not a table')
  const table = 4 * (root & 0x0fff_ffff)
  const count = body.readUInt16LE(table)
  // The count and the keys have 16 bits each, and the values, of 32 bits, are aligned.
  const values = table + 2 * (count + 1 + (1 - (count % 2)))
  const units = 4 * body.readUInt32LE(8)
  for (let index = 0; index < count; index++) {
    const name = stringAt(body, body.readUInt16LE(table + 2 + 2 * index))
    const value = body.readUInt32LE(values + 4 * index)
    const offset = value & 0x0fff_ffff
    const isEmpty = value >>> 28 === type.table && offset === 0
    if (!['InstalledLocales', 'AliasLocales'].includes(name) || isEmpty) continue
    if (value >>> 28 !== type.table16) throw new Error(`its list ${name} is not a table of 16 bits`)
    filterTable(body, units + 2 * offset, (key) => keep(stringAt(body, key)))
  }
  return bytes
}

/** Shortens a table in place: a count, the keys, then the values. */
function filterTable(body: Buffer, at: number, keep: (key: number) => boolean): void {
  const count = body.readUInt16LE(at)
  const entries = Array.from({ length: count }, (_, index) => ({
    key: body.readUInt16LE(at + 2 + 2 * index),
    value: body.readUInt16LE(at + 2 + 2 * count + 2 * index),
  })).filter(({ key }) => keep(key))
  const written = [entries.length, ...entries.map(({ key }) => key), ...entries.map(({ value }) => value)]
  for (const [index, unit] of written.entries()) body.writeUInt16LE(unit, at + 2 * index)
}

function stringAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at)
  if (end === -1) throw new Error(`a name at ${at} has no end`)
  return bytes.toString('latin1', at, end)
}
