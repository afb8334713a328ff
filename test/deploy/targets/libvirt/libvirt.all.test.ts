import { writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { describe } from '../../../../deploy/targets/libvirt/domain.ts'
import { readOptions } from '../../../../deploy/targets/libvirt/options.ts'
import { answering, appRelease, folderOf } from '../../../lib/release.ts'
import { startLibvirtd } from '../../../lib/libvirtd.ts'
import { freePort } from '../../../lib/ports.ts'
import { until } from '../../../lib/until.ts'

const target = await loadTarget('libvirt')
const libvirtd = await startLibvirtd(t)
const port = await freePort()

/** A release with an app of its own, for that libvirtd. */
async function releaseOf(t: Test, app: string, options: object = {}): ReturnType<typeof appRelease> {
  return appRelease(t, app, {
    hostname: 'domain',
    ports: [{ guest: 8080, host: port }],
    health: { path: '/', timeout: 300 },
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

await t.test('a machine, as virsh shows it', async (t) => {
  const env = join(folderOf(t, { env: "SECRET='hush hush'\n" }), 'env')
  const one = await releaseOf(t, answering('one'), { env })

  await t.test('a first deploy', async (t) => {
    t.match(await target.deploy(one.release, one.context), {
      text: /^domain runs release 1 on qemu/,
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

await t.test('two computers do not change a machine at once', async (t) => {
  const { release, context } = await releaseOf(t, answering('one'))
  const first = target.deploy(release, context)
  await until('the first has the lock', () => volumes().includes('domain.lock'))
  await t.rejects(target.deploy(release, context), {
    message: /^another change of domain is running \(pid \d+\)$/,
  })
  t.match(await first, { text: /^domain runs release 1/ })
  t.notOk(volumes().includes('domain.lock'))
  const lock = (holder: string): void => {
    const folder = folderOf(t, { holder })
    libvirtd.virsh('vol-create-as', libvirtd.pool, 'domain.lock', `${holder.length}b`)
    libvirtd.virsh('vol-upload', '--pool', libvirtd.pool, 'domain.lock', join(folder, 'holder'))
  }
  lock('ann@laptop')
  for (const name of ['rollback', 'stop', 'destroy'] as const)
    await t.rejects(verb(target, name)(context), {
      message: 'another change of domain is running: ann@laptop deploys it',
      hint: /if it was killed: virsh .* vol-delete --pool images domain\.lock$/,
    })
  t.equal(await answer(), 'one no secret')
  libvirtd.virsh('vol-delete', '--pool', libvirtd.pool, 'domain.lock')
  lock(`${userInfo().username}@${hostname()}`)
  await verb(target, 'destroy')(context)
  t.strictSame(volumes(), [], 'the lock of a command that was killed here is void')
})

await t.test('layers of a machine that another computer deploys stay', async (t) => {
  const { context } = await releaseOf(t, answering('one'))
  const layer = 'nodeos-app-0123456789abcdef'
  for (const name of [layer, 'other.lock']) libvirtd.virsh('vol-create-as', libvirtd.pool, name, '1b')
  await verb(target, 'destroy')(context)
  t.ok(volumes().includes(layer))
  libvirtd.virsh('vol-delete', '--pool', libvirtd.pool, 'other.lock')
  await verb(target, 'destroy')(context)
  t.strictSame(volumes(), [])
})

await t.test('obstacles are reported before anything changes', async (t) => {
  const nowhere = await releaseOf(t, '', { pool: 'none' })
  await t.rejects(target.deploy(nowhere.release, nowhere.context), {
    message: "deploy.options.pool: no active storage pool 'none'",
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
  await t.rejects(target.deploy(release, context), {
    message: /'domain' exists and is not managed by NodeOS/,
  })
  await t.rejects(verb(target, 'destroy')(context), { message: /is not managed by NodeOS/ })
  libvirtd.virsh('undefine', 'domain')
  t.strictSame(volumes(), [])
})

await t.test('a dry run shows the domain and the commands', async (t) => {
  const { release, context } = await releaseOf(t, answering('none'))
  const { text } = await verb(target, 'plan')(release, context)
  // No KVM here, or the machines of the other tests would have to run on it.
  t.match(
    text,
    new RegExp(
      `<domain type='${/<domain type='kvm'/.test(libvirtd.virsh('capabilities')) ? 'kvm' : 'qemu'}'`,
    ),
  )
  const commands = text.split('\n').filter((line) => line.startsWith('virsh '))
  t.match(
    commands.map((line) => /socket=\S+ (.*)$/.exec(line.replaceAll("'", ''))?.[1]),
    [
      ...['vmlinux', 'runtime', 'app'].flatMap((name) => [
        new RegExp(`^vol-create-as images nodeos-${name}-\\w+ \\d+b --format raw$`),
        new RegExp(`^vol-upload --pool images nodeos-${name}-\\w+ /.+`),
      ]),
      'define --validate domain.xml',
      'start domain',
      'autostart domain',
    ],
  )
  t.equal(libvirtd.virsh('list', '--all', '--name').trim(), '', 'nothing is defined')
  t.strictSame(volumes(), [])
})

await t.test('a missing file of the environment', async (t) => {
  const { release, context } = await releaseOf(t, answering('none'), { env: '/nonexistent/env' })
  const message = 'deploy.options.env: cannot read /nonexistent/env'
  await t.rejects(target.deploy(release, context), { name: 'UserError', message })
  await t.rejects(verb(target, 'plan')(release, context), { name: 'UserError', message })
})

await t.test('a paused machine is not off', async (t) => {
  const { release, context } = await releaseOf(t, answering('paused'))
  await target.deploy(release, context)
  libvirtd.virsh('suspend', 'domain')
  t.match(await verb(target, 'status')(context), {
    text: 'domain stalled (state: paused (user))',
    data: { running: false, state: 'paused (user)' },
    status: 3,
  })
  libvirtd.virsh('resume', 'domain')
  t.match(await verb(target, 'status')(context), { data: { running: true, healthy: true } })
  await verb(target, 'destroy')(context)
})

await t.test('a machine without a network and a health check', async (t) => {
  const { release, context } = await appRelease(t, 'setInterval(() => {}, 1000)', {
    hostname: 'domain',
    ports: [],
    network: { mode: 'none' },
    health: { timeout: 300 },
    deploy: { target: 'libvirt', options: { uri: libvirtd.uri, pool: libvirtd.pool, network: 'user' } },
  })
  await target.deploy(release, context)
  t.match(await verb(target, 'status')(context), { data: { running: true, healthy: true } })
  await verb(target, 'destroy')(context)
})

await t.test('libvirt accepts a domain with every kind of network', async (t) => {
  const { release } = await releaseOf(t, answering('none'))
  const folder = folderOf(t)
  const pool = { pathOf: (volume: string) => `/pool/${volume}` }
  for (const network of ['network:default', 'bridge:br0', 'user']) {
    const options = readOptions({ deploy: { target: 'libvirt', options: { network } } })
    const { xml } = await describe(release, { options, pool, type: 'qemu', number: 1 })
    const [kind = '', name] = network.split(':')
    writeFileSync(join(folder, 'domain.xml'), xml)
    libvirtd.virsh('define', '--validate', join(folder, 'domain.xml'))
    const defined = libvirtd.virsh('dumpxml', 'domain')
    t.match(defined, name === undefined ? /hostfwd=tcp/ : new RegExp(`<source ${kind}='${name}'/>`), network)
    libvirtd.virsh('undefine', 'domain')
  }
})

function volumes(): string[] {
  libvirtd.virsh('pool-refresh', libvirtd.pool)
  const list = libvirtd.virsh('vol-list', libvirtd.pool)
  return list
    .split('\n')
    .flatMap((line) => line.trim().split(/\s+/, 1))
    .filter(Boolean)
}
