import { join } from 'node:path'
import type { FormatInput } from './format.ts'
import { buildInit } from '../runtime/init.ts'
import { root } from '../../config/lib/paths.ts'
import { type Entry, writeCpio } from './cpio.ts'
import { part } from './part.ts'

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
