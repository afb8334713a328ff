import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import type { BootFiles } from '../qemu/description.ts'
import type { Release } from '../target.ts'

/**
 * Reads the last build, and checks that it still matches its manifest.
 *
 * @throws {UserError} if there is no build, or a file was changed since
 */
export async function loadRelease(dist: string): Promise<Release> {
  const text = await readFile(join(dist, 'manifest.json'), 'utf8').catch(() => undefined)
  if (text === undefined) throw new UserError('there is no build in dist/', { hint: 'npm run build' })
  const manifest = JSON.parse(text) as Manifest
  for (const { path, bytes, sha256 } of manifest.artefacts) {
    const file = join(dist, path)
    const size = (await stat(file).catch(() => undefined))?.size
    if (size !== bytes || (await hashFile(file)) !== sha256) {
      const what = size === undefined ? 'is missing' : 'was changed after the build'
      throw new UserError(`${file} ${what}`, { hint: 'npm run build' })
    }
  }
  return { dist, manifest }
}

/** The warning when a build was made from another commit than the one that is checked out, such as after a revert. */
export function staleBuild(
  { commit: built }: Manifest['source'],
  { commit: here }: Manifest['source'],
): UserError | undefined {
  if (here === undefined || built === here) return undefined
  const from = built === undefined ? 'a source without commits' : `commit ${built.slice(0, 12)}`
  return new UserError(`dist/ was built from ${from}, but commit ${here.slice(0, 12)} is checked out`, {
    hint: 'npm run build   builds the commit that is checked out',
  })
}

/**
 * Path of an artefact of a release.
 *
 * @throws {UserError} when the build did not make it
 */
export function artefactPath({ dist, manifest }: Release, name: string): string {
  const found = manifest.artefacts.find((artefact) => artefact.name === name)
  if (found === undefined)
    throw new UserError(`the build in dist/ has no artefact '${name}'`, { hint: 'npm run build' })
  return join(dist, found.path)
}

/** Returns what a machine boots from. @throws {UserError} if the build did not make one of the files */
export function bootFiles(release: Release): BootFiles {
  return {
    kernel: artefactPath(release, 'kernel/vmlinux'),
    runtime: artefactPath(release, 'runtime'),
    app: artefactPath(release, 'app'),
    system: release.manifest.system,
  }
}
