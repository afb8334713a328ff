import { chmod, glob, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../../config/lib/paths.ts'
import { Git } from '../git/git.ts'
import { shellLine } from '../qemu/command.ts'
import type { Home } from './home.ts'
import { signersFile } from './signers.ts'

/** Branch that a host takes releases on. */
export const branch = 'main'

/** The repository of an appliance, with what a host's repository must have set. */
export function repositoryOf(home: Home, name: string): Git {
  const folder = home.repository(name)
  return new Git(folder, ['gpg.format=ssh', `gpg.ssh.allowedSignersFile=${join(folder, signersFile)}`])
}

/** Makes the repository of an appliance, or mends its hooks and settings. */
export async function setUpRepository(home: Home, name: string): Promise<void> {
  const folder = home.repository(name)
  await mkdir(home.path, { recursive: true, mode: 0o700 })
  await new Git(home.path).run(['init', '--quiet', '--bare', `--initial-branch=${branch}`, folder], {
    purpose: 'create a repository',
  })
  const git = repositoryOf(home, name)
  const settings = {
    'receive.denyNonFastForwards': 'true',
    'receive.denyDeletes': 'true',
    'receive.fsckObjects': 'true',
    'receive.advertisePushOptions': 'false',
    'uploadpack.allowFilter': 'true',
    'core.bigFileThreshold': '64k',
    'core.compression': '1',
    'gc.auto': '0',
    // A host that loses its power has the branch, and all that is on it.
    'core.fsync': 'committed,reference',
  }
  for (const [key, value] of Object.entries(settings))
    await git.run(['config', key, value], { purpose: 'set up a repository' })
  for (const hook of ['pre-receive', 'post-receive'])
    await writeProgram(join(folder, 'hooks', hook), [hook, home.path, name], 'hook.ts')
  await writeProgram(join(folder, 'nodeos'), [home.path, name], 'remote.ts')
  await writeFile(join(folder, signersFile), '', { flag: 'a', mode: 0o600 })
}

/** Removes the locks of a git that was killed while it moved references. Nobody else may be at it. */
export async function removeStaleLocks(git: Git): Promise<void> {
  for await (const name of glob('{packed-refs.lock,HEAD.lock,refs/**/*.lock}', { cwd: git.folder })) {
    await rm(join(git.folder, name), { force: true })
  }
}

/** A program of this clone, run by the Node that is pinned here. */
async function writeProgram(file: string, words: readonly string[], script: string): Promise<void> {
  const argv = [process.execPath, join(import.meta.dirname, script), ...words]
  await writeFile(
    `${file}.unfinished`,
    `#!/bin/sh\n# Written by npm run host in ${root}\nunset NODE_OPTIONS\nexec ${shellLine(argv)} "$@"\n`,
  )
  await chmod(`${file}.unfinished`, 0o755)
  await rename(`${file}.unfinished`, file)
}

export async function removeRepository(home: Home, name: string): Promise<void> {
  await rm(home.repository(name), { recursive: true, force: true })
}
