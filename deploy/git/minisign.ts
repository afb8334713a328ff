import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { missingTool, tail } from '../../config/lib/tool.ts'
import type { Git } from './git.ts'

/**
 * A commit has its signature in a header, which covers all the rest of the commit. It is not git's own header for
 * signatures: git takes those of the kinds that it knows, and says of others that they are broken.
 */
const header = /\nminisig (.*(?:\n .*)*)(?=\n)/
/** 42 bytes: an algorithm, the key's id, the key. A secret key is longer. */
const keyPattern = /^RW[A-Za-z0-9+/]{54}$/m
/** Of keys and of signatures, behind two bytes that say which algorithm it is. */
const idBytes = { from: 2, to: 10 }

/**
 * Signs a commit.
 *
 * @param key file of the secret key; minisign asks for its password, when it has one and somebody is there
 * @returns the signed commit, which is another one
 */
export async function signCommit(git: Git, commit: string, key: string): Promise<string> {
  const text = await git.commitText(commit)
  const signature = inFolder({ release: text }, (folder) => {
    const file = join(folder, 'release')
    const terminal = process.stdin.isTTY ? 'inherit' : 'pipe'
    minisign(['-S', '-s', key, '-m', file, '-t', 'NodeOS release'], 'sign the release', terminal)
    return readFileSync(`${file}.minisig`, 'latin1')
  })
  const input = Buffer.from(withSignature(text, signature), 'latin1')
  return git.run(['hash-object', '-t', 'commit', '-w', '--stdin'], { purpose: 'sign the release', input })
}

export type Verdict = 'good' | 'unsigned' | 'unknown key' | 'bad'

/** Whether a commit is signed by one of the public keys. */
export async function verifyCommit(git: Git, commit: string, keys: readonly string[]): Promise<Verdict> {
  const text = await git.commitText(commit)
  const { payload, signature } = split(text)
  if (signature === undefined) return 'unsigned'
  if (withSignature(payload, signature) !== text) return 'bad'
  const id = keyId(signature.split('\n')[1] ?? '')
  const key = keys.find((each) => keyId(each) === id)
  if (key === undefined) return 'unknown key'
  return inFolder({ release: payload, signature }, (folder) => {
    const argv = ['-V', '-q', '-m', join(folder, 'release'), '-x', join(folder, 'signature'), '-P', key]
    return run(argv, 'check the signature of a release', 'pipe').status === 0 ? 'good' : 'bad'
  })
}

/** The public key in the text of a `.pub` file, or alone. */
export function publicKey(text: string): string | undefined {
  return keyPattern.exec(text.trim())?.[0]
}

/** What minisign calls a key, or the key of a signature. */
export function keyId(base64: string): string {
  return Buffer.from(base64, 'base64')
    .subarray(idBytes.from, idBytes.to)
    .reverse()
    .toString('hex')
    .toUpperCase()
}

function split(text: string): { payload: string; signature?: string } {
  const end = text.indexOf('\n\n')
  const head = text.slice(0, end + 1)
  const [whole, lines] = header.exec(head) ?? []
  if (whole === undefined || lines === undefined) return { payload: text }
  return {
    payload: head.replace(whole, '') + text.slice(end + 1),
    signature: `${lines.replaceAll('\n ', '\n')}\n`,
  }
}

function withSignature(payload: string, signature: string): string {
  const end = payload.indexOf('\n\n')
  const lines = signature.trimEnd().replaceAll('\n', '\n ')
  return `${payload.slice(0, end)}\nminisig ${lines}${payload.slice(end)}`
}

/** Has minisign work on files, whose content is given byte for byte. */
function inFolder<T>(files: Record<string, string>, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'nodeos-signature-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, 'latin1')
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function minisign(argv: readonly string[], purpose: string, terminal: 'inherit' | 'pipe'): void {
  const { status, stderr } = run(argv, purpose, terminal)
  if (status === 0) return
  throw new UserError(`could not ${purpose}: minisign exited with status ${status}`, {
    hint: tail(stderr ?? '', 8) || 'minisign printed the reason above',
  })
}

function run(argv: readonly string[], purpose: string, terminal: 'inherit' | 'pipe') {
  const stdin = terminal === 'inherit' ? terminal : 'ignore'
  const result = spawnSync('minisign', argv, { encoding: 'utf8', stdio: [stdin, 'pipe', terminal] })
  if (result.error !== undefined) throw missingTool('minisign', purpose)
  return result
}
