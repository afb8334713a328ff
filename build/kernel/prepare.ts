import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { runSync, tail, tryRunSync } from '../../config/lib/run.ts'
import { configLines, type Request, verifySurvival } from './fragments.ts'
import type { Source } from './source.ts'

/** Folder of everything that is compiled, in the tree: its paths in commands are the same wherever the tree is. */
export const objectFolder = 'objects'

/** Unpacks or copies a source into the folder `tree`, which becomes the top of the kernel tree. */
export async function unpackSource(source: Source, tree: string): Promise<void> {
  await mkdir(tree, { recursive: true })
  if (source.kind === 'tree') {
    runSync(['cp', '-a', `${source.path}/.`, tree], { purpose: 'copy the kernel tree' })
    runSync(['make', '-C', tree, '-s', 'mrproper'], { purpose: 'clean the copied kernel tree' })
  } else {
    runSync(['tar', '-xf', source.path, '-C', tree, '--strip-components=1'], {
      purpose: `unpack ${source.path}`,
    })
  }
}

/** Reads the version of a kernel tree, e.g. `6.12.80`. */
export async function treeVersion(tree: string): Promise<string> {
  const makefile = await readFile(join(tree, 'Makefile'), 'utf8').catch(() => '')
  const part = (name: string): string => new RegExp(`^${name} *= *(\\S*)`, 'm').exec(makefile)?.[1] ?? ''
  const version = part('VERSION')
  if (version === '') throw new UserError(`${tree} is not a Linux source tree: its Makefile has no VERSION`)
  return `${version}.${part('PATCHLEVEL')}.${part('SUBLEVEL') || '0'}${part('EXTRAVERSION')}`
}

/** Lists the patches of `kernel/patches/` in the order in which they apply. */
export async function listPatches(folder = join(root, 'kernel/patches')): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => name.endsWith('.patch'))
    .sort()
    .map((name) => join(folder, name))
}

/** Hashes the patches, by name, for the cache key. */
export async function patchInputs(patches: string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(patches.map(async (path) => [`patch ${path.split('/').at(-1)}`, await hashFile(path)])),
  )
}

/**
 * Applies patches with zero fuzz: a patch that no longer fits exactly must be reviewed. The files stay older than
 * objects that an earlier build compiled from them.
 *
 * @throws {UserError} naming the patch and the hunks that failed
 */
export async function applyPatches(tree: string, patches: string[]): Promise<void> {
  for (const patch of patches) {
    const argv = ['patch', '-d', tree, '-p1', '-F0', '--forward', '--batch', '-i', patch] as const
    const result = tryRunSync(argv, { purpose: 'patch the kernel' })
    if (result.status !== 0) {
      throw new UserError(`${patch} does not apply exactly to this kernel`, {
        hint: `${tail(result.stdout || result.stderr, 10)}\n\nrefresh the patch for this source, or remove it if the kernel already contains it`,
      })
    }
    for (const [, file = ''] of result.stdout.matchAll(/^patching file (.+)$/gm)) {
      await utimes(join(tree, file), 0, 0)
    }
  }
}

/** Writes the tree's `.config`: tinyconfig and the requested lines, each proved to survive. Returns its text. */
export async function configure(tree: string, wanted: Request[]): Promise<string> {
  const make = (target: string): string =>
    runSync(['make', '-C', tree, '-s', `O=${objectFolder}`, target], {
      purpose: `configure the kernel (make ${target})`,
    })
  const path = join(tree, objectFolder, '.config')
  await mkdir(join(tree, objectFolder), { recursive: true })
  make('tinyconfig')
  await writeFile(path, `${await readFile(path, 'utf8')}${configLines(wanted)}`)
  make('olddefconfig')
  const config = await readFile(path, 'utf8')
  verifySurvival(wanted, config)
  return config
}
