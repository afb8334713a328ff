import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import { hashFile } from '../../config/lib/hash.ts'
import { requireProgram } from '../../config/lib/find.ts'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { runSync } from '../../config/lib/run.ts'

/** How the layers are packed: `image.compression` once the formats have decided what `auto` means. */
export type Compression = Exclude<SystemConfig['image']['compression'], 'auto'>

/** Returns the file system of a layer, which is the extension of its file. */
export function layerType(compression: Compression): 'erofs' | 'squashfs' {
  return compression === 'none' || compression === 'lz4' ? 'erofs' : 'squashfs'
}

/**
 * Returns what determines a layer's bytes beside its files: the packing tool, by its hash, and its options.
 *
 * @throws {UserError} when the tool is missing
 */
export async function packerVersion(compression: Compression): Promise<string> {
  const options = { source: '', out: '', compression, timestamp: 0 }
  const argv = packer(options, '')
  const program = requireProgram(argv[0], 'pack layers')
  return `${(await hashFile(program)).slice(0, 16)} ${argv.join(' ')}`
}

/** Removes a layer from the folder `out`, of either file system. */
export async function removeLayer(out: string, name: string): Promise<void> {
  for (const type of ['erofs', 'squashfs']) await rm(join(out, `${name}.${type}`), { force: true })
}

export interface PackOptions {
  /** Folder whose content becomes the root of the layer. */
  source: string
  /** File to write, replaced at once when finished. */
  out: string
  compression: Compression
  /**
   * Modification time of every file, in seconds since 1970. Static file servers make ETags of size and
   * time, so files that differ must not share it: derive it from the content.
   */
  timestamp: number
}

/**
 * EROFS compresses in clusters of this many bytes, and reads one for a page fault. Smaller
 * clusters boot in fewer instructions, larger ones pack better.
 */
const clusterBytes = 40 * 1024

/** Fixed, so that the same files give the same bytes. */
const uuid = '6e6f6465-6f73-4000-8000-6c6179657200'

/**
 * Packs a folder into a read-only file system image in which everything belongs to root.
 * The same files give the same bytes.
 */
export async function packLayer(options: PackOptions): Promise<void> {
  await makeAtomic(options.out, async (unfinished) => {
    runSync(packer(options, unfinished), { purpose: `pack ${options.out}` })
  })
}

function packer(options: PackOptions, out: string): [string, ...string[]] {
  return layerType(options.compression) === 'erofs' ? erofs(options, out) : squashfs(options, out)
}

function erofs({ source, compression, timestamp }: PackOptions, out: string): [string, ...string[]] {
  return [
    'mkfs.erofs',
    ...(compression === 'lz4' ? ['-zlz4hc,12', `-C${clusterBytes}`, '-Eztailpacking'] : []),
    `-T${timestamp}`,
    `-U${uuid}`,
    '--all-root',
    '-x-1',
    out,
    source,
  ]
}

function squashfs({ source, compression, timestamp }: PackOptions, out: string): [string, ...string[]] {
  const compressor =
    compression === 'zstd'
      ? ['-comp', 'zstd', '-Xcompression-level', '22', '-b', '128K']
      : ['-comp', 'xz', '-Xbcj', 'x86', '-b', '1M']
  const time = String(timestamp)
  return [
    'mksquashfs',
    source,
    out,
    ...compressor,
    ...['-all-root', '-no-xattrs', '-no-exports', '-noappend', '-no-progress', '-quiet'],
    ...['-mkfs-time', time, '-all-time', time],
  ]
}
