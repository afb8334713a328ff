import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { basename } from 'node:path'

/** A translation block of the guest: where it starts and how many instructions it executed in all. */
export interface Block {
  address: bigint
  instructions: number
}

export interface Sym {
  address: bigint
  name: string
}

/** A function, with the instructions it executed itself (not its callees). */
export interface Hot {
  name: string
  instructions: number
}

const recordBytes = 16
const chunkRecords = 65_536

/** Reads the plugin's profile up to the first unused record. */
export function readProfile(path: string): Block[] {
  const fd = openSync(path, 'r')
  const chunk = Buffer.alloc(chunkRecords * recordBytes)
  const blocks: Block[] = []
  try {
    for (;;) {
      const read = readSync(fd, chunk, 0, chunk.length, null)
      for (let offset = 0; offset + recordBytes <= read; offset += recordBytes) {
        const address = chunk.readBigUInt64LE(offset)
        if (address === 0n) return blocks
        blocks.push({ address, instructions: Number(chunk.readBigUInt64LE(offset + 8)) })
      }
      if (read === 0) return blocks
    }
  } finally {
    closeSync(fd)
  }
}

/** Sums up blocks by function; groups blocks without a symbol by MiB of address space. */
export function hottest(blocks: Block[], files: string[]): Hot[] {
  return attribute(blocks, files.flatMap(readSymbols))
}

/** The same on symbols already read. */
export function attribute(blocks: Block[], symbols: Sym[]): Hot[] {
  const sorted = symbols.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  const sums = new Map<string, number>()
  for (const block of blocks) {
    const name = nameAt(sorted, block.address)
    sums.set(name, (sums.get(name) ?? 0) + block.instructions)
  }
  return [...sums]
    .map(([name, instructions]) => ({ name, instructions }))
    .toSorted((a, b) => b.instructions - a.instructions)
}

const largestFunction = 0x10_0000n

function nameAt(sorted: Sym[], address: bigint): string {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.address ?? 0n) <= address) low = middle + 1
    else high = middle
  }
  const symbol = sorted[low - 1]
  if (symbol !== undefined && address - symbol.address < largestFunction) return symbol.name
  return `[0x${(address - (address % 0x10_0000n)).toString(16)}]`
}

function readSymbols(file: string): Sym[] {
  if (basename(file) === 'System.map') return parseSymbols(readFileSync(file, 'utf8'))
  const output = execFileSync('nm', ['-C', '--defined-only', file], { encoding: 'utf8', maxBuffer: 1 << 30 })
  return parseSymbols(output)
}

/** Reads the code symbols out of the output of `nm`, or out of a System.map. */
export function parseSymbols(text: string): Sym[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([0-9a-f]+) [tTwWiV] (.+)$/.exec(line)
    return match === null ? [] : [{ address: BigInt(`0x${match[1]}`), name: match[2] ?? '' }]
  })
}
