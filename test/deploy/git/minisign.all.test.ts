import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tool } from '../../../config/lib/tool.ts'
import { keyId, publicKey, signCommit, verifyCommit } from '../../../deploy/git/minisign.ts'
import { Git } from '../../../deploy/git/git.ts'
import { folderOf } from '../../lib/release.ts'
import { makeMinisignKey } from './host.ts'

const who = { NAME: 'Zoë', EMAIL: 'zoe@example.org', DATE: '2020-01-01T00:00:00Z' }
const author = Object.fromEntries(
  Object.entries(who).flatMap(([key, value]) => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ]),
)

const folder = folderOf(t)
tool(['git', 'init', '--quiet', '--bare', folder], { purpose: 'make a repository' })
const git = new Git(folder)
const key = makeMinisignKey(folder, 'own')
const publicHalf = publicKey(readFileSync(key.public, 'utf8')) ?? ''
const commit = await commitOf('Release 1: größer\n\nimage: sha256:0123\n\nminisig of nothing\n')
const signed = await signCommit(git, commit, key.secret)

async function commitOf(message: string): Promise<string> {
  const tree = await git.run(['mktree'], { purpose: 'write a tree', input: '' })
  return git.run(['commit-tree', '-F', '-', tree], { purpose: 'commit', input: message, env: author })
}

/** The signed commit with its text changed. */
async function altered(t: Test, change: (text: string) => string): Promise<string> {
  const text = await git.commitText(signed)
  t.not(change(text), text, 'it is another commit')
  const input = Buffer.from(change(text), 'latin1')
  return git.run(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], { purpose: 'write', input })
}

await t.test('a commit that is signed is a commit for git, and good', async (t) => {
  t.equal(await verifyCommit(git, signed, ['RW'.padEnd(56, 'A'), publicHalf]), 'good')
  t.equal(
    await git.run(['log', '-1', '--format=%B', signed], { purpose: 'read' }),
    'Release 1: größer\n\nimage: sha256:0123\n\nminisig of nothing\n',
  )
  tool(['git', '-C', folder, 'fsck', '--strict', '--no-dangling'], { purpose: 'check the repository' })
})

await t.test('minisign itself takes the signature for the commit as it was before', async (t) => {
  const lines = (await git.commitText(signed)).split('\n')
  const first = lines.findIndex((line) => line.startsWith('minisig '))
  const signature = lines.slice(first, first + 4).map((line) => line.replace(/^(minisig)? /, ''))
  const file = join(folderOf(t), 'commit')
  writeFileSync(file, await git.commitText(commit), 'latin1')
  writeFileSync(`${file}.minisig`, `${signature.join('\n')}\n`)
  const said = tool(['minisign', '-V', '-m', file, '-p', key.public], { purpose: 'check a signature' })
  t.match(said, /Signature and comment signature verified/)
})

await t.test('unsigned; another key; a host without keys', async (t) => {
  t.equal(await verifyCommit(git, commit, [publicHalf]), 'unsigned')
  const other = publicKey(readFileSync(makeMinisignKey(folderOf(t), 'other').public, 'utf8')) ?? ''
  t.equal(await verifyCommit(git, signed, [other]), 'unknown key')
  t.equal(await verifyCommit(git, signed, []), 'unknown key')
  const forged = Buffer.from(other, 'base64')
  Buffer.from(publicHalf, 'base64').copy(forged, 2, 2, 10)
  t.equal(await verifyCommit(git, signed, [forged.toString('base64')]), 'bad', 'another key of that id')
})

const alterations: Record<string, (text: string) => string> = {
  'the message': (text) => text.replace('Release 1', 'Release 2'),
  'one byte of the author': (text) => text.replace('Zo\u00c3\u00ab', 'Zo\u00c3\u00aa'),
  'the tree': (text) => text.replace(/^tree \w{4}/, 'tree 0000'),
  'a parent': (text) => text.replace('\nauthor', `\nparent ${commit}\nauthor`),
  'a header more behind the signature': (text) => text.replace('\n\n', '\nencoding x\n\n'),
  'a header more before the signature': (text) => text.replace('\nminisig', '\nencoding x\nminisig'),
  'a place of the signature': (text) => {
    const [signature = ''] = /\nminisig .*(\n .*)*/.exec(text) ?? []
    return text.replace(signature, '').replace('\ncommitter', `${signature}\ncommitter`)
  },
  'a second signature': (text) => text.replace('\nminisig', '\nminisig nothing\nminisig'),
  'the signature': (text) => text.replace(/(\n RU[\w+/]{20})./, '$1*'),
  'the trusted comment': (text) => text.replace('NodeOS release', 'Nodeos release'),
  'the end of the message': (text) => `${text}\n`,
}

for (const [what, change] of Object.entries(alterations)) {
  await t.test(`altered: ${what}`, async (t) => {
    t.not(await verifyCommit(git, await altered(t, change), [publicHalf]), 'good')
  })
}

await t.test('a public key is told from other things', (t) => {
  const text = readFileSync(key.public, 'utf8')
  t.equal(publicKey(text), publicKey(publicHalf))
  t.match(text, keyId(publicHalf))
  t.equal(publicKey(readFileSync(key.secret, 'utf8')), undefined, 'the secret half')
  t.equal(publicKey('ssh-ed25519 AAAA me'), undefined)
  t.end()
})
