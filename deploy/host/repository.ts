import { chmod, glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../build/lib/errors.ts'
import { root } from '../../build/lib/paths.ts'
import { Git } from '../git/run.ts'
import { shellLine } from '../targets/local/qemu.ts'
import { Home } from './layout.ts'

/** Branch that a host takes releases on. */
export const branch = 'main'

const signersName = 'allowed_signers'

/** The repository of an appliance, with what a host's repository must have set. */
export function repositoryOf(home: Home, name: string): Git {
  const folder = home.repository(name)
  return new Git(folder, ['gpg.format=ssh', `gpg.ssh.allowedSignersFile=${join(folder, signersName)}`])
}

/** Makes the repository of an appliance, or mends its hooks and settings. */
export async function setUpRepository(home: Home, name: string): Promise<void> {
  const folder = home.repository(name)
  await mkdir(home.path, { recursive: true, mode: 0o700 })
  await new Git(home.path).run(['init', '--quiet', '--bare', `--initial-branch=${branch}`, folder], {
    purpose: 'make a repository',
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
  }
  for (const [key, value] of Object.entries(settings))
    await git.run(['config', key, value], { purpose: 'set up a repository' })
  for (const hook of ['pre-receive', 'post-receive'])
    await writeProgram(join(folder, 'hooks', hook), [hook, home.path, name], 'hook.ts')
  await writeProgram(join(folder, 'nodeos'), [home.path, name], 'remote.ts')
  const signers = join(folder, signersName)
  await writeFile(signers, '', { flag: 'a', mode: 0o600 })
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

/** A key that may sign releases. */
export interface Signer {
  name: string
  /** Type and key, as in a .pub file. */
  key: string
}

export async function signers(home: Home, name: string): Promise<Signer[]> {
  const text = await readFile(join(home.repository(name), signersName), 'utf8')
  return text.split('\n').flatMap((line) => {
    const [, who = '', key = ''] = /^(\S+) namespaces="git" (\S+ \S+)/.exec(line) ?? []
    return key === '' ? [] : [{ name: who, key }]
  })
}

/** Lets a key sign releases. @param text a line of a .pub file: type, key, and a comment that names it */
export async function trust(home: Home, name: string, text: string): Promise<Signer> {
  const [, key = '', comment] = /^((?:ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+)(?: (.*))?$/.exec(text.trim()) ?? []
  if (key === '') {
    throw new UserError('that is no public SSH key', {
      hint: 'the content of a file such as ~/.ssh/id_ed25519.pub',
    })
  }
  const signer = {
    name: (comment ?? '').trim().replaceAll(/[^\w@.+-]+/g, '-') || `key-${key.slice(-8)}`,
    key,
  }
  const others = (await signers(home, name)).filter((each) => each.key !== key)
  await writeSigners(home, name, [...others, signer])
  return signer
}

/** Takes that back, by name or key. @throws {UserError} naming those that there are */
export async function distrust(home: Home, name: string, which: string): Promise<Signer> {
  const all = await signers(home, name)
  const found = all.find((each) => each.name === which || which.startsWith(each.key))
  if (found === undefined) {
    throw new UserError(`no trusted key is called '${which}'`, {
      hint: `there is: ${all.map((each) => each.name).join(', ') || 'none'}`,
    })
  }
  await writeSigners(
    home,
    name,
    all.filter((each) => each !== found),
  )
  return found
}

async function writeSigners(home: Home, name: string, all: readonly Signer[]): Promise<void> {
  const file = join(home.repository(name), signersName)
  const lines = all.map((signer) => `${signer.name} namespaces="git" ${signer.key}\n`)
  await writeFile(`${file}.unfinished`, lines.join(''), { mode: 0o600 })
  await rename(`${file}.unfinished`, file)
}

export async function removeRepository(home: Home, name: string): Promise<void> {
  await rm(home.repository(name), { recursive: true, force: true })
}
