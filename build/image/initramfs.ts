import { join } from 'node:path'
import { type FormatInput, part } from './format.ts'
import { buildInit } from '../runtime/c-programs.ts'
import { root } from '../../config/lib/paths.ts'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { finished } from 'node:stream/promises'

/** The host tools that compile preinit. */
export const initramfsTools = ['gcc', 'musl-gcc', 'linux/netlink.h'] as const

/** Makes an initramfs of preinit and, unless they lie elsewhere, the layers. */
export async function makeInitramfs(
  input: FormatInput,
  out: string,
  work: string,
  withLayers: boolean,
): Promise<void> {
  const preinit = join(work, 'preinit')
  await buildInit({ out: preinit, sources: join(root, 'kernel/preinit') })
  const layers: Entry[] = [
    { name: 'layers', mode: 0o755 },
    { name: 'layers/runtime', path: part(input, 'runtime').path, mode: 0o444 },
    { name: 'layers/app', path: part(input, 'app').path, mode: 0o444 },
  ]
  await writeCpio(out, [{ name: 'init', path: preinit, mode: 0o755 }, ...(withLayers ? layers : [])])
}

/** A file or, without a path, a folder. */
export interface Entry {
  name: string
  path?: string
  /** Permissions, e.g. 0o755. */
  mode: number
}

const folder = 0o040000
const file = 0o100000

/** Writes an archive as the kernel unpacks it (`newc`): everything root's, without times. */
export async function writeCpio(out: string, entries: readonly Entry[]): Promise<void> {
  const archive = createWriteStream(out)
  const put = async (chunk: Buffer): Promise<void> => {
    if (!archive.write(chunk)) await once(archive, 'drain')
  }
  let number = 0
  for (const { name, path, mode } of entries) {
    const bytes = path === undefined ? 0 : (await stat(path)).size
    await put(header(++number, name, mode | (path === undefined ? folder : file), bytes))
    if (path === undefined) continue
    for await (const chunk of createReadStream(path)) await put(chunk as Buffer)
    await put(padding(bytes))
  }
  await put(header(0, 'TRAILER!!!', 0, 0))
  archive.end()
  await finished(archive)
}

/** Inode, mode, uid, gid, links, time, size, device ×2, special device ×2, length of the name, no checksum. */
function header(number: number, name: string, mode: number, bytes: number): Buffer {
  const fields = [number, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0]
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return Buffer.concat([Buffer.from(text), padding(Buffer.byteLength(text))])
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((4 - (bytes % 4)) % 4)
}
