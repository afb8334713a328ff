import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { log } from '../../config/lib/log.ts'
import { runSync } from '../../config/lib/run.ts'
import { byAge } from '../pipeline/cache.ts'
import { cacheKey } from '../pipeline/key.ts'

/** The images: made again each time, and larger than everything else together. */
const images = ['vmlinux*', '.tmp_vmlinux*', 'bzImage']

/**
 * Returns where the objects of a compilation are kept: one archive for each source, set of patches and compiler.
 * kbuild knows which settings each object depends on, so any other configuration can start from them.
 */
export function objectArchive(cache: string, inputs: Record<string, string>): string {
  const sources = Object.entries(inputs).filter(([name]) => name === 'source' || name.startsWith('patch '))
  const tools = { compiler: version('gcc'), linker: version('ld') }
  return join(cache, `${cacheKey('objects', { ...Object.fromEntries(sources), ...tools })}.tar.zst`)
}

function version(program: string): string {
  return runSync([program, '--version'], { purpose: 'compile the kernel' }).split('\n')[0] ?? ''
}

/** Unpacks the objects of an earlier compilation into a folder. Returns whether there were any. */
export async function restoreObjects(archive: string, objects: string): Promise<boolean> {
  await mkdir(objects, { recursive: true })
  if (!existsSync(archive)) return false
  const unpacked = `${objects}.tar`
  try {
    runSync(['zstd', '-dqf', archive, '-o', unpacked], { purpose: 'decompress the kernel’s objects' })
    runSync(['tar', '-xf', unpacked, '-C', objects], { purpose: 'unpack the kernel’s objects' })
    return true
  } catch (error) {
    log.warn(`${archive} is unusable and ignored: ${error instanceof Error ? error.message : String(error)}`)
    for (const path of [archive, objects]) await rm(path, { recursive: true, force: true })
    await mkdir(objects)
    return false
  } finally {
    await rm(unpacked, { force: true })
  }
}

/** Keeps the objects of a finished compilation, with their times, in place of all older ones. */
export async function keepObjects(objects: string, archive: string): Promise<void> {
  const folder = dirname(archive)
  const unfinished = join(folder, `.unfinished-objects-${randomBytes(4).toString('hex')}`)
  const packed = `${objects}.tar`
  try {
    await mkdir(folder, { recursive: true })
    const excluded = images.map((name) => `--exclude=${name}`)
    runSync(['tar', '-C', objects, ...excluded, '-cf', packed, '.'], { purpose: 'pack the kernel’s objects' })
    runSync(['zstd', '-q', packed, '-o', unfinished], { purpose: 'compress the kernel’s objects' })
    await rename(unfinished, archive)
  } finally {
    for (const path of [packed, unfinished]) await rm(path, { force: true })
  }
  const older = await byAge(folder, (name) => name.startsWith('objects-') && name !== basename(archive))
  for (const { name } of older) await rm(join(folder, name), { recursive: true, force: true })
}
