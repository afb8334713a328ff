import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Git } from '../../../../deploy/git/git.ts'
import { ReleaseStore } from '../../../../deploy/release/store.ts'
import { checkRoom } from '../../../../deploy/host/verify.ts'
import { defaults } from '../../../../deploy/host/home.ts'
import { describeRelease } from '../../../../deploy/git/release.ts'
import { readOptions } from '../../../../deploy/targets/git/options.ts'
import { Releases } from '../../../../deploy/targets/git/releases.ts'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering, folderOf } from '../../../lib/release.ts'
import { applianceName, makeKey, startHost } from '../../../lib/git-host.ts'

const target = await loadTarget('git')
const host = await startHost(t)
const one = await host.release(answering('one'))
await target.deploy(one.release, one.context)
const branch = new Git(host.repository)
const tip = await branch.commitOf('main')

/** Nothing has changed: the same release is on the branch, and serves. */
async function untouched(t: Test): Promise<void> {
  t.equal(await branch.commitOf('main'), tip)
  const response = await fetch(`http://127.0.0.1:${host.port}/`, { headers: { connection: 'close' } })
  t.equal(await response.text(), 'one no secret')
}

/** The same release for that target, with other options. */
function withOptions(options: object, system: object = {}): typeof one.release {
  const own = one.release.manifest.system
  const deploy = { target: 'git', options: { ...own.deploy.options, ...options } }
  return { ...one.release, manifest: { ...one.release.manifest, system: { ...own, ...system, deploy } } }
}

/** Names whoever commits, because git wants to know. */
const author = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
}

await t.test('an unsigned release, and one signed by a key that is not trusted', async (t) => {
  await t.rejects(target.deploy(withOptions({ sign: false }), one.context), {
    message: /^release 2 is not signed \(.* rejected release 2; the previous release keeps running\)$/,
  })
  const key = makeKey(folderOf(t), 'stranger')
  await t.rejects(target.deploy(withOptions({ key }), one.context), {
    message: /release 2 is signed by a key that this host does not trust/,
  })
  await untouched(t)
})

await t.test('a key that was revoked; trusted again it signs', async (t) => {
  t.equal(host.run('distrust', applianceName, 'developer').status, 0)
  await t.rejects(target.deploy(one.release, one.context), {
    message: /does not trust/,
  })
  await untouched(t)
  t.match(host.run('distrust', applianceName, 'developer'), { status: 1, stderr: /no trusted key/ })
  t.equal(host.run('trust', applianceName, `${host.key}.pub`).status, 0)
})

await t.test('an altered commit, an altered layer', async (t) => {
  const releases = await Releases.fetch(readOptions(one.release.manifest.system.deploy.options), one.context)
  const { commit, file } = await releases.commitBuilt(one.release)
  const { git } = releases
  const text = await git.run(['cat-file', 'commit', commit], { purpose: 'read a commit' })
  const input = `${text.replace('Release 2', 'Release 2, altered')}\n`
  const altered = await git.run(['hash-object', '-t', 'commit', '-w', '--stdin'], { purpose: 'write', input })
  await t.rejects(releases.push({ commit: altered, file }), {
    message: /invalid signature of release 2/,
  })

  const forged = await git.run(['hash-object', '-w', '--stdin'], { purpose: 'write', input: 'no layer' })
  const entries = await git.run(['ls-tree', commit], { purpose: 'read a tree' })
  const tree = await git.run(['mktree'], {
    purpose: 'write a tree',
    input: `${entries.replace(/blob [0-9a-f]+\tapp\./, `blob ${forged}\tapp.`)}\n`,
  })
  const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${host.key}`]
  const signed = await git.run([...sign, 'commit-tree', '-S', '-p', String(tip), '-m', 'Release 2', tree], {
    purpose: 'commit',
    env: author,
  })
  await t.rejects(releases.push({ commit: signed, file }), {
    message: /the layer app of release 2 does not match its manifest/,
  })
  await untouched(t)
})

await t.test('history that would be rewritten, references that have no place', async (t) => {
  const releases = await Releases.fetch(readOptions(one.release.manifest.system.deploy.options), one.context)
  const push = (refspec: string): ReturnType<Git['try']> =>
    releases.git.try(['push', '--force', 'origin', refspec], { purpose: 'push' })
  t.match(await push(':refs/heads/main'), { status: 1, stderr: /denying ref deletion|cannot be deleted/ })
  t.match(await push(`${tip}:refs/heads/other`), {
    status: 1,
    stderr: /refs\/heads\/other rejected/,
  })
  t.match(await push(`${tip}:refs/tags/release-7`), { status: 1, stderr: /does not point to release 7/ })
  const { commit } = await releases.commitAgain(String(tip))
  const orphan = await releases.git.run(['commit-tree', '-m', 'x', `${commit}^{tree}`], {
    purpose: 'commit',
    env: author,
  })
  t.match(await push(`+${orphan}:refs/heads/main`), { status: 1, stderr: /rewrite the history/ })
  await untouched(t)
})

await t.test('a build that lacks what the last release was built from', async (t) => {
  const stale = { ...one.release, manifest: { ...one.release.manifest, source: { commit: '0'.repeat(40) } } }
  await t.rejects(target.deploy(stale, one.context), {
    message: /^release 1 was built from commit [0-9a-f]{12}, which this build does not include/,
    hint: /git pull/,
  })
  await untouched(t)
})

await t.test('a configuration that would become words of a command', async (t) => {
  const address = '10.0.2.15/24,guestfwd=tcp:10.0.2.100:1-cmd:id'
  await t.rejects(target.deploy(withOptions({}, { network: { mode: 'static', address } }), one.context), {
    message: /invalid manifest\.json of release 2/,
    hint: /system\.network\.address/,
  })
  await untouched(t)
})

await t.test('another branch', async (t) => {
  await t.rejects(target.deploy(withOptions({ branch: 'staging' }), one.context), {
    message: /has releases, but none on the branch staging/,
    hint: /deploy\.options\.branch/,
  })
  await untouched(t)
})

await t.test('a release of another appliance', async (t) => {
  await t.rejects(target.deploy(withOptions({}, { hostname: 'dns' }), one.context), {
    message: /this is a release of the appliance 'dns', but the repository is for 'lb'/,
  })
  await untouched(t)
})

await t.test('more than the host gives', async (t) => {
  t.equal(host.run('add', applianceName, '--memory', '128', '--bind', '127.0.0.1').status, 0)
  await t.rejects(target.deploy(one.release, one.context), {
    message: /requests 256 MiB of memory; this host allows at most 128 MiB/,
  })
  host.run('add', applianceName, '--memory', '4096')
  const huge = structuredClone(one.release.manifest)
  for (const artefact of huge.artefacts) Object.assign(artefact, { bytes: 1e15, sha256: '0'.repeat(64) })
  const store = new ReleaseStore(host.home.folder(applianceName))
  const file = describeRelease(huge, { number: 2 })
  await t.rejects(checkRoom({ commit: '', file, manifest: huge }, store, defaults), {
    message: /not enough disk space on this host/,
  })
  const { manifest } = structuredClone(one.release)
  manifest.system.machine.memory = 2 ** 30
  const wide = { commit: '', file, manifest }
  await t.rejects(checkRoom(wide, store, defaults), {
    message: /not enough memory on this host: .* beside the running machine/,
  })
  manifest.system.data = { label: 'data', size: 16 }
  await checkRoom(wide, store, defaults)
  await untouched(t)
})

await t.test('a port that something else has', async (t) => {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const ports = [{ guest: 8080, host: port, protocol: 'tcp' }]
  await t.rejects(target.deploy(withOptions({}, { ports }), one.context), {
    message: new RegExp(`port ${port} of the host is already in use by node`),
  })
  server.close()
  await untouched(t)
})

await t.test('an old release in a repository that was recreated', async (t) => {
  await verb(target, 'rollback')(one.context, 1)
  await rm(host.repository, { recursive: true })
  t.equal(host.run('add', applianceName, '--trust', `${host.key}.pub`).status, 0)
  const git = new Git(join(one.context.state, 'releases.git'))
  const { status, stderr } = await git.try(['push', 'origin', `${tip}:refs/heads/main`], { purpose: 'push' })
  t.not(status, 0)
  t.match(stderr, /release 1 is too old: this host already had release 2/)
})
