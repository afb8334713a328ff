import t, { type Test } from 'tap'
import { Git } from '../../../deploy/git/git.ts'
import { loadTarget, type Release, verb } from '../../../deploy/target.ts'
import { readOptions } from '../../../deploy/targets/git/options.ts'
import { Releases } from '../../../deploy/targets/git/releases.ts'
import { answering, folderOf } from '../../lib/release.ts'
import { answerOf } from '../world.ts'
import { applianceName, makeMinisignKey, startHost } from './host.ts'

const target = await loadTarget('git')
const host = await startHost(t)
const one = await host.release(answering('one'))
const own = makeMinisignKey(folderOf(t), 'own')
const branch = new Git(host.repository)

/** The same release with other options of the target. */
function withOptions(options: object): Release {
  const { system } = one.release.manifest
  const deploy = { target: 'git', options: { ...system.deploy.options, ...options } }
  return { ...one.release, manifest: { ...one.release.manifest, system: { ...system, deploy } } }
}

const byMinisign = withOptions({ signature: 'minisign', key: own.secret })

/** It is refused for that reason, and nothing has changed. */
async function refused(t: Test, release: Release, hint: RegExp): Promise<void> {
  const tip = await branch.commitOf('main')
  await t.rejects(target.deploy(release, one.context), { message: hint })
  t.equal(await branch.commitOf('main'), tip)
}

await t.test('a key that is not trusted is refused until it is', async (t) => {
  await refused(t, byMinisign, /release 1 is signed by a key that this host does not trust/)
  t.match(host.run('trust', applianceName, own.public), {
    status: 0,
    stdout: /^minisign-[0-9A-F]{16} may sign releases of lb/,
  })
  t.match(await target.deploy(byMinisign, one.context), { text: 'release 1 serves' })
  t.equal(await answerOf(host.port), 'one no secret')
})

await t.test('another key, a release without a signature, an altered one', async (t) => {
  const key = makeMinisignKey(folderOf(t), 'stranger').secret
  await refused(t, withOptions({ signature: 'minisign', key }), /release 2 is signed by a key that this host/)
  await refused(t, withOptions({ sign: false }), /release 2 is not signed/)
  const options = readOptions(byMinisign.manifest.system.deploy.options)
  const releases = await Releases.fetch(options, one.context)
  const { commit, file } = await releases.commitBuilt(byMinisign)
  const text = await releases.git.commitText(commit)
  const altered = await releases.git.run(['hash-object', '-t', 'commit', '-w', '--stdin'], {
    purpose: 'write',
    input: text.replace('Release 2', 'Release 2, altered'),
  })
  await t.rejects(releases.push({ commit: altered, file }), {
    message: /invalid signature of release 2: it was altered/,
  })
})

await t.test('a host that trusts both kinds takes both; a rollback is signed too', async (t) => {
  one.context.config.deploy = byMinisign.manifest.system.deploy
  const bySsh = withOptions({})
  t.match(await target.deploy(bySsh, one.context), { text: 'release 2 serves' })
  t.match(await verb(target, 'rollback')(one.context, 1), { data: { number: 3, serves: true } })
  t.match(await branch.commitText('main'), '\nminisig untrusted comment: ')
})

await t.test('a key that was revoked, by its name and by its file', async (t) => {
  const [name] = /minisign-\w+/.exec(host.run('trust', applianceName, own.public).stdout) ?? ['']
  for (const which of [name, own.public]) {
    t.equal(host.run('trust', applianceName, own.public).status, 0)
    t.equal(host.run('distrust', applianceName, which).status, 0)
    await refused(t, byMinisign, /does not trust/)
  }
  t.match(host.run('distrust', applianceName, name), { status: 1, stderr: /trusted keys: developer\n/ })
})
