import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Manifest } from '../../../../build/pipeline/manifest.ts'
import { Git } from '../../../../deploy/git/git.ts'
import type { CommittedRelease } from '../../../../deploy/git/release.ts'
import { manifestProblems } from '../../../../deploy/git/schema.ts'
import { type Update, verifyPush } from '../../../../deploy/host/verify.ts'
import { applianceName } from '../../../lib/git-host.ts'
import { plainWorld } from '../../../lib/repository.ts'

type World = Awaited<ReturnType<typeof plainWorld>>

const none = '0'.repeat(40)
const expected = { name: applianceName, branch: 'main', highest: 0 }
const updateTo = (after: string): Update[] => [{ before: none, after, ref: 'refs/heads/main' }]

/** A signed release with such a manifest, and the repository that has it and trusts its key. */
async function committed(t: Test, world: World, replaced: object): Promise<{ commit: string; git: Git }> {
  const releases = await world.releases()
  const { commit } = await releases.commitBuilt(await world.release('app', replaced))
  const allowed = join(t.testdir(), 'allowed')
  writeFileSync(allowed, `developer namespaces="git" ${readFileSync(`${world.key}.pub`, 'utf8')}`)
  const git = new Git(releases.git.folder, ['gpg.format=ssh', `gpg.ssh.allowedSignersFile=${allowed}`])
  return { commit, git }
}

await t.test('a signed release whose manifest says what no build says', async (t) => {
  const world = await plainWorld(t)
  const verified = async (replaced: object): Promise<CommittedRelease | undefined> => {
    const { commit, git } = await committed(t, world, replaced)
    return verifyPush(git, updateTo(commit), expected)
  }
  t.match(await verified({}), { file: { number: 1 } }, 'this one is as it must be')

  const { system, artefacts } = (await world.release('app')).manifest
  const shell = 'guestfwd=tcp:10.0.2.100:1-cmd:touch /tmp/x'
  const port = { guest: '8080', protocol: 'tcp' }
  const [kernel, runtime, app] = artefacts
  const cases: [replaced: object, hint: RegExp][] = [
    [
      { system: { ...system, network: { mode: 'static', address: `10.0.2.15/24,${shell}` } } },
      /system\.network\.address: must be/,
    ],
    [
      { system: { ...system, network: { ...system.network, gateway: `10.0.2.2,${shell}` } } },
      /system\.network\.gateway: must be/,
    ],
    [{ system: { ...system, ports: [{ ...port, guest: `8080,${shell}` }] } }, /system\.ports\[0\]\.guest/],
    [
      { system: { ...system, machine: { ...system.machine, memory: '4096M' } } },
      /memory: must be .*, got "4096M"/,
    ],
    [{ system: { ...system, machine: { ...system.machine, cpus: '1,maxcpus=64' } } }, /cpus: must be/],
    [{ system: { ...system, qemu: ['-drive'] } }, /system\.qemu: unknown key/],
    [{ system: { ...system, health: { path: '@elsewhere/' } } }, /health\.path/],
    [{ artefacts: [kernel, runtime, { ...app, bytes: '5' }] }, /artefacts\[2\]\.bytes/],
    [{ artefacts: [kernel, runtime, { ...app, sha256: '../../x' }] }, /artefacts\[2\]\.sha256/],
  ]
  for (const [replaced, hint] of cases) {
    await t.rejects(verified(replaced), { message: 'invalid manifest.json of release 1', hint }, String(hint))
  }
  await t.rejects(verified({ source: { commit: '--exec=x' } }), {
    message: /^invalid release\.json of the commit [0-9a-f]{12}$/,
    hint: /source\.commit/,
  })
  const { manifest } = await world.release('app')
  const outside: Manifest['artefacts'] = [
    ...artefacts,
    { ...app, name: 'other', path: '../../other' } as never,
  ]
  t.match(manifestProblems({ ...manifest, artefacts: outside }), [{ pointer: '/artefacts/3/path' }])
})

await t.test('a layer that git has and cannot read any more', async (t) => {
  const world = await plainWorld(t)
  const { commit, git } = await committed(t, world, {})
  const blob = await git.run(['rev-parse', `${commit}:app`], { purpose: 'find a layer' })
  const file = join(git.folder, 'objects', blob.slice(0, 2), blob.slice(2))
  chmodSync(file, 0o600)
  writeFileSync(file, 'rot')
  await t.rejects(verifyPush(git, updateTo(commit), expected), {
    message: `cannot read the git object ${commit}:app`,
  })
})

await t.test('an unsigned release, with the hint of the host', async (t) => {
  const world = await plainWorld(t)
  world.context.config.deploy.options = { ...world.context.config.deploy.options, sign: false }
  const { commit, git } = await committed(t, world, {})
  await t.rejects(verifyPush(git, updateTo(commit), expected), {
    message: 'release 1 is not signed',
    hint: 'set deploy.options.sign to true',
  })
  await t.rejects(verifyPush(git, updateTo(commit), { ...expected, unsignedHint: 'change to SSH' }), {
    message: 'release 1 is not signed',
    hint: 'change to SSH',
  })
})

await t.test('another branch than the one that a host takes', async (t) => {
  const { commit, git } = await committed(t, await plainWorld(t), {})
  const updates = [{ before: none, after: commit, ref: 'refs/heads/staging' }]
  await t.rejects(verifyPush(git, updates, expected), {
    message: /^refs\/heads\/staging rejected: a host accepts releases on the branch main/,
    hint: /deploy\.options\.branch/,
  })
})
