import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { writeAtomic } from '../../config/lib/atomic.ts'
import type { Home } from './home.ts'

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
