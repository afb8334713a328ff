import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { findTool, missingTool } from '../../config/lib/tool.ts'
import { keyId, publicKey } from '../git/minisign.ts'
import { writeWhole } from '../whole.ts'
import type { Home } from './home.ts'

/** A key that may sign releases. */
export interface Signer {
  name: string
  /** Type and key, as in a .pub file of SSH, or a public key of minisign. */
  key: string
}

/** Files in a repository: keys of SSH, as ssh-keygen reads them, and those of minisign, a name and a key each line. */
export const allowedSsh = 'allowed_signers'
const allowedMinisign = 'allowed_minisign'

export async function signers(home: Home, name: string): Promise<Signer[]> {
  const ssh = await linesOf(home, name, allowedSsh)
  return [
    ...ssh.flatMap((line) => {
      const [, who = '', key = ''] = /^(\S+) namespaces="git" (\S+ \S+)/.exec(line) ?? []
      return key === '' ? [] : [{ name: who, key }]
    }),
    ...(await minisigners(home, name)),
  ]
}

/** Those of them that sign with minisign. */
export async function minisigners(home: Home, name: string): Promise<Signer[]> {
  return (await linesOf(home, name, allowedMinisign)).flatMap((line) => {
    const [who = '', key] = line.split(' ')
    return key === undefined ? [] : [{ name: who, key }]
  })
}

/** Lets a key sign releases. @param text of a .pub file, or the key that stands in it */
export async function trust(home: Home, name: string, text: string): Promise<Signer> {
  const signer = minisigner(text) ?? sshSigner(text)
  if (signer === undefined) {
    throw new UserError('not a valid SSH or minisign public key', {
      hint: 'pass a file such as ~/.ssh/id_ed25519.pub or minisign.pub',
    })
  }
  const others = (await signers(home, name)).filter(({ key }) => key !== signer.key)
  await writeSigners(home, name, [...others, signer])
  return signer
}

function sshSigner(text: string): Signer | undefined {
  const [, key, comment = ''] = /^((?:ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+)(?: (.*))?$/.exec(text.trim()) ?? []
  if (key === undefined) return undefined
  return { name: comment.trim().replaceAll(/[^\w@.+-]+/g, '-') || `key-${key.slice(-8)}`, key }
}

/** It has the id that minisign shows for a name: nothing vouches for the comment in the file. */
function minisigner(text: string): Signer | undefined {
  const key = publicKey(text)
  if (key === undefined) return undefined
  if (findTool('minisign') === undefined)
    throw missingTool('minisign', 'verify releases signed with minisign')
  return { name: `minisign-${keyId(key)}`, key }
}

/**
 * Takes that back: of every key of a name, or of one key.
 *
 * @returns the keys that may not sign any more
 * @throws {UserError} naming those that there are
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

async function linesOf(home: Home, name: string, file: string): Promise<string[]> {
  return (await readFile(join(home.repository(name), file), 'utf8').catch(() => '')).split('\n')
}

async function writeSigners(home: Home, name: string, all: readonly Signer[]): Promise<void> {
  const isMinisign = ({ key }: Signer): boolean => publicKey(key) !== undefined
  const files = {
    [allowedSsh]: all
      .filter((each) => !isMinisign(each))
      .map((each) => `${each.name} namespaces="git" ${each.key}\n`),
    [allowedMinisign]: all.filter(isMinisign).map((each) => `${each.name} ${each.key}\n`),
  }
  for (const [file, lines] of Object.entries(files)) {
    await writeWhole(join(home.repository(name), file), lines.join(''), 0o600)
  }
}
