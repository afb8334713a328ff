import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadTarget, verb } from '../../../deploy/target.ts'
import { answering, appRelease, folderOf } from '../../fixtures/release.ts'
import { freePort } from '../../kernel/fixtures/system.ts'
import { startLibvirtd } from './libvirtd.ts'

const target = await loadTarget('libvirt')
const libvirtd = await startLibvirtd(t)
const port = await freePort()

/** A release with an app of its own, for that libvirtd. */
async function releaseOf(t: Test, app: string, options: object = {}): ReturnType<typeof appRelease> {
  return appRelease(t, app, {
    hostname: 'domain',
    ports: [{ guest: 8080, host: port }],
    health: { path: '/', timeout: 120 },
    restart: { crashLoopCount: 3 },
    deploy: {
      target: 'libvirt',
      options: { uri: libvirtd.uri, pool: libvirtd.pool, network: 'user', ...options },
    },
  })
}

async function answer(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  return response.text()
}

await t.test('what virsh sees of a machine', async (t) => {
  const env = join(folderOf(t, { env: "SECRET='hush hush'\n" }), 'env')
  const one = await releaseOf(t, answering('one'), { env })

  await t.test('a first deploy', async (t) => {
    t.match(await target.deploy(one.release, one.context), {
      text: /^domain is up on qemu/,
      data: { name: 'domain' },
    })
    t.equal(await answer(), 'one hush hush')
    t.match(await verb(target, 'status')(one.context), {
      data: { running: true, healthy: true, app: String },
    })
    t.match(libvirtd.virsh('dumpxml', 'domain'), /nodeos:release/, 'virsh shows the release')
    t.notMatch(libvirtd.virsh('dumpxml', 'domain'), /hush/)
    t.match(libvirtd.virsh('dominfo', 'domain'), /Autostart: +enable/)
    let logs = ''
    await verb(target, 'logs')({ ...one.context, print: (text) => (logs += text) }, false)
    t.match(logs, /"event":"health\.ok"/)
  })

  const two = await releaseOf(t, answering('two'))
  await t.test('a second one takes its place, and only what changed is uploaded', async (t) => {
    const before = new Set(volumes())
    await target.deploy(two.release, two.context)
    t.equal(await answer(), 'two no secret')
    const added = volumes().filter((name) => !before.has(name) && name.startsWith('nodeos-'))
    t.match(added, [/^nodeos-app-/])
    t.equal(added.length, 1)
  })

  await t.test('a rollback brings its environment back', async (t) => {
    await verb(target, 'rollback')(two.context)
    t.equal(await answer(), 'one hush hush')
  })

  await t.test('destroy leaves no volume', async (t) => {
    await verb(target, 'destroy')(one.context)
    t.equal(libvirtd.virsh('list', '--all', '--name').trim(), '')
    t.strictSame(volumes(), [])
  })
})

await t.test('what is in the way is said before anything is touched', async (t) => {
  const nowhere = await releaseOf(t, '', { pool: 'none' })
  await t.rejects(target.deploy(nowhere.release, nowhere.context), {
    message: "there is no active storage pool 'none'",
    hint: /pool-create-as none dir/,
  })
  const unreachable = await releaseOf(t, '', { uri: 'qemu:///session?socket=/nonexistent' })
  await t.rejects(target.deploy(unreachable.release, unreachable.context), {
    message: /failed$/,
    hint: /Failed to connect socket/,
  })
  const folder = folderOf(t, {
    'foreign.xml': `<domain type='qemu'><name>domain</name><memory>65536</memory><os><type machine='q35'>hvm</type></os></domain>`,
  })
  libvirtd.virsh('define', join(folder, 'foreign.xml'))
  const { release, context } = await releaseOf(t, answering('three'))
  await t.rejects(target.deploy(release, context), { message: /'domain' is not a machine of NodeOS/ })
  await t.rejects(verb(target, 'destroy')(context), { message: /is not a machine of NodeOS/ })
  libvirtd.virsh('undefine', 'domain')
  t.strictSame(volumes(), [])
})

await t.test('a dry run shows the domain and the commands', async (t) => {
  const { release, context } = await releaseOf(t, answering('none'))
  const { text } = await verb(target, 'plan')(release, context)
  t.match(text, /<domain type='kvm'/)
  t.match(text, /^virsh .* define --validate domain\.xml$/m)
})

function volumes(): string[] {
  libvirtd.virsh('pool-refresh', libvirtd.pool)
  const list = libvirtd.virsh('vol-list', libvirtd.pool)
  return list
    .split('\n')
    .flatMap((line) => line.trim().split(/\s+/, 1))
    .filter(Boolean)
}
