import { glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../../config/lib/atomic.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { shellLine } from '../../config/lib/run.ts'
import { Git } from '../git/git.ts'
import { type CommittedRelease, readRelease, tagOf } from '../git/release.ts'
import type { Home } from './home.ts'
import { type Kept, ReleaseStore } from '../release/store.ts'

type Log = (text: string) => void

/** Branch on which a host accepts releases. */
export const branch = 'main'

/** Opens the repository of an appliance. */
export function repositoryOf(home: Home, name: string): Git {
  const folder = home.repository(name)
  return new Git(folder, ['gpg.format=ssh', `gpg.ssh.allowedSignersFile=${join(folder, signersFile)}`])
}

/** Creates the repository of an appliance, or repairs its hooks and settings. */
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
    // After a loss of power the branch and everything on it are intact.
    'core.fsync': 'committed,reference',
  }
  for (const [key, value] of Object.entries(settings))
    await git.run(['config', key, value], { purpose: 'set up a repository' })
  for (const hook of ['pre-receive', 'post-receive'])
    await writeProgram(join(folder, 'hooks', hook), [hook, home.path, name], 'hook.ts')
  await writeProgram(join(folder, 'nodeos'), [home.path, name], 'remote.ts')
  await writeFile(join(folder, signersFile), '', { flag: 'a', mode: 0o600 })
}

/** Removes the locks of a git that was killed while it moved references. No other git may run. */
export async function removeStaleLocks(git: Git): Promise<void> {
  for await (const name of glob('{packed-refs.lock,HEAD.lock,refs/**/*.lock}', { cwd: git.folder })) {
    await rm(join(git.folder, name), { force: true })
  }
}

/** Writes a program that runs a script of this clone with the pinned Node. */
async function writeProgram(file: string, words: readonly string[], script: string): Promise<void> {
  const argv = [process.execPath, join(import.meta.dirname, script), ...words]
  const text = `#!/bin/sh\n# Written by npm run host in ${root}\nunset NODE_OPTIONS\nexec ${shellLine(argv)} "$@"\n`
  await writeAtomic(file, text, 0o755)
}

export async function removeRepository(home: Home, name: string): Promise<void> {
  await rm(home.repository(name), { recursive: true, force: true })
}

/** Stores a release, with its layers from the repository. */
export function keepRelease(
  store: ReleaseStore,
  git: Git,
  { commit, file: { number, restore }, manifest }: CommittedRelease,
): Promise<Kept> {
  return store.add(
    { number, commit, manifest, ...(restore === undefined ? {} : { restore }) },
    ({ path }, target) => git.export(`${commit}:${path}`, target),
  )
}

/** Restores releases whose records are damaged, such as after a loss of power. */
export async function restoreRecords(home: Home, name: string, log: Log): Promise<void> {
  const store = new ReleaseStore(home.folder(name))
  const git = repositoryOf(home, name)
  for (const number of await store.unreadable()) {
    try {
      const commit = await git.commitOf(`refs/tags/${tagOf(number)}`)
      if (commit === undefined) throw new UserError('the repository has no tag for it')
      await keepRelease(store, git, await readRelease(git, commit))
      log(`restored release ${number} from the repository: its record was unreadable`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log(`cannot restore release ${number}, whose record is unreadable: ${why}`)
    }
  }
}

/** Returns a release with intact layers: damaged ones come from the repository again. */
export async function intactRelease(store: ReleaseStore, git: Git, number: number, log: Log): Promise<Kept> {
  const kept = await store.get(number)
  if (kept === undefined) throw new UserError(`release ${number} is no longer kept on this host`)
  const damaged = await store.damage(kept)
  if (damaged.length === 0 || kept.commit === undefined) return kept
  log(`restoring damaged layers of release ${number} from the repository: ${damaged.join(', ')}`)
  return keepRelease(store, git, await readRelease(git, kept.commit))
}

/** Returns the newest release on the branch, if it is stored. */
export async function releaseOnBranch(store: ReleaseStore, git: Git): Promise<Kept | undefined> {
  const commit = await git.commitOf(`refs/heads/${branch}`)
  return commit === undefined ? undefined : (await store.list()).find((kept) => kept.commit === commit)
}

/** A key that may sign releases. */
export interface Signer {
  name: string
  /** Type and key, as in a .pub file of SSH. */
  key: string
}

/** File of the trusted keys in a repository, in the format that ssh-keygen reads. */
export const signersFile = 'allowed_signers'
/** Earlier versions kept minisign keys in this file. */
const minisignFile = 'allowed_minisign'

/** Reads the trusted keys of an appliance. */
export async function signers(home: Home, name: string): Promise<Signer[]> {
  return (await linesOf(home, name, signersFile)).flatMap((line) => {
    const [, who = '', key = ''] = /^(\S+) namespaces="git" (\S+ \S+)/.exec(line) ?? []
    return key === '' ? [] : [{ name: who, key }]
  })
}

/**
 * Trusts a key to sign releases.
 *
 * @param text content of a .pub file
 */
export async function trust(home: Home, name: string, text: string): Promise<Signer> {
  const signer = parseKey(text)
  if (signer === undefined) {
    throw new UserError('not a valid SSH public key', {
      hint: 'pass a file such as ~/.ssh/id_ed25519.pub; create a key with: ssh-keygen -t ed25519',
    })
  }
  const others = (await signers(home, name)).filter(({ key }) => key !== signer.key)
  await writeSigners(home, name, [...others, signer])
  return signer
}

function parseKey(text: string): Signer | undefined {
  const [, key, comment = ''] = /^((?:ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+)(?: (.*))?$/.exec(text.trim()) ?? []
  if (key === undefined) return undefined
  return { name: comment.trim().replaceAll(/[^\w@.+-]+/g, '-') || `key-${key.slice(-8)}`, key }
}

/**
 * Stops trusting a key, or all keys of a name.
 *
 * @returns the keys that were removed
 * @throws {UserError} when no trusted key matches
 */
export async function distrust(home: Home, name: string, which: string): Promise<Signer[]> {
  const all = await signers(home, name)
  const found = all.filter((each) => each.name === which || which.includes(each.key))
  if (found.length === 0) {
    throw new UserError(`no trusted key named '${which}'`, {
      hint: `trusted keys: ${all.map((each) => each.name).join(', ') || 'none'}`,
    })
  }
  await writeSigners(
    home,
    name,
    all.filter((each) => !found.includes(each)),
  )
  return found
}

/** Explains how to replace minisign keys, if an earlier version trusted some for this appliance. */
export async function minisignNotice(home: Home, name: string): Promise<string | undefined> {
  const lines = await linesOf(home, name, minisignFile)
  if (lines.every((line) => line.trim() === '')) return undefined
  return [
    `${name} trusts minisign keys, but minisign signatures are no longer supported: change to SSH signatures`,
    `  1. on the host: npm run host -- trust ${name} KEY.pub   (an SSH public key; ssh-keygen -t ed25519 creates one)`,
    '  2. in config/system.json of the appliance: remove signature, and key if it names a minisign key, from deploy.options',
    `  3. on the host: rm ${join(home.repository(name), minisignFile)}`,
  ].join('\n')
}

async function linesOf(home: Home, name: string, file: string): Promise<string[]> {
  return (await readFile(join(home.repository(name), file), 'utf8').catch(() => '')).split('\n')
}

async function writeSigners(home: Home, name: string, all: readonly Signer[]): Promise<void> {
  const lines = all.map((each) => `${each.name} namespaces="git" ${each.key}\n`)
  await writeAtomic(join(home.repository(name), signersFile), lines.join(''), 0o600)
}
