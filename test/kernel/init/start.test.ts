import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  compileSanitized,
  everyPart,
  launcher,
  deviceWaitMs,
  type Machine,
  named,
  shellConf,
} from '../fixtures/init.ts'

const folder = t.testdir({})
const binary = compileSanitized(join(folder, 'init'), everyPart, 'init-host.c')
const { start } = launcher(folder, binary)

const conf = shellConf('exit 0', { 'exit-zero': 'poweroff' })

const layers: [why: string, machine: Machine, mounts: object[]][] = [
  ['EROFS on the usual device', {}, [{ device: '/dev/vdb', type: 'erofs' }]],
  [
    'squashfs',
    { devices: { '/dev/vdb': 'squashfs' } },
    [
      { device: '/dev/vdb', type: 'erofs' },
      { device: '/dev/vdb', type: 'squashfs' },
    ],
  ],
  [
    'another device',
    {
      devices: { '/dev/vdb': 'other', '/dev/nvme1n1': 'erofs' },
      commandLine: 'ro nodeos.app=/dev/nvme1n1 quiet',
    },
    [{ device: '/dev/nvme1n1', type: 'erofs' }],
  ],
  [
    'a partition by its name',
    {
      devices: { '/dev/sda3': 'erofs', '/partitions/app-0123': '/dev/sda3' },
      commandLine: 'ro nodeos.app=PARTLABEL=app-0123 quiet',
    },
    [{ device: '/dev/sda3', type: 'erofs' }],
  ],
]

for (const [why, machine, mounts] of layers) {
  await t.test(`the app layer is found: ${why}`, async (t) => {
    const init = start(t, { conf, ...machine })
    t.equal(await init.ended, 'poweroff')
    t.match(named(init.lines, 'mount'), mounts)
    t.equal(named(init.lines, 'mount').length, mounts.length)
  })
}

await t.test('a device that comes late is waited for', async (t) => {
  const init = start(t, { conf, devices: {} })
  await init.waitFor('init.started')
  mkdirSync(join(init.root, 'dev'))
  await writeFile(join(init.root, 'dev/vdb.unfinished'), 'erofs')
  t.equal(named(init.lines, 'mount').length, 0)
  const { rename } = await import('node:fs/promises')
  await rename(join(init.root, 'dev/vdb.unfinished'), join(init.root, 'dev/vdb'))
  t.equal(await init.ended, 'poweroff')
})

const path = '/srv/.nodeos/init.conf'
const failures: [why: string, machine: Machine, error: string][] = [
  ['no device', { conf, devices: {} }, `app layer: /dev/vdb did not appear within ${deviceWaitMs} ms`],
  [
    'no partition of that name',
    {
      conf,
      devices: { '/dev/sda3': 'erofs', '/partitions/app-4567': '/dev/sda3' },
      commandLine: 'nodeos.app=PARTLABEL=app-0123',
    },
    `app layer: PARTLABEL=app-0123 did not appear within ${deviceWaitMs} ms`,
  ],
  [
    'neither file system',
    { conf, devices: { '/dev/vdb': 'ext4' } },
    'app layer: /dev/vdb: erofs: Invalid argument, squashfs: No such device',
  ],
  [
    'a strange device',
    { conf, commandLine: 'nodeos.app=/dev/\\"é"' },
    `app layer: /dev/\\"\u00c3\u00a9" did not appear within ${deviceWaitMs} ms`,
  ],
  [
    'a device name that is too long',
    { conf, commandLine: `nodeos.app=${'/'.repeat(64)}` },
    'nodeos.app on the kernel command line is longer than 63 bytes',
  ],
  ['no configuration', {}, `${path}: No such file or directory`],
  ['an empty one', { conf: '' }, `${path}: missing key arg`],
  ['a wrong key', { conf: `${conf}colour red\n` }, `${path}: line 13: colour: unknown key`],
  [
    'a wrong number',
    { conf: `crash-loop-count 1\n${conf}` },
    `${path}: line 1: crash-loop-count: must be an integer from 2 to 1000`,
  ],
  ['a NUL byte', { conf: `${conf}\0` }, `${path}: line 13: contains a NUL byte`],
  ['too long', { conf: conf + '#'.repeat(65_536 - conf.length) }, `${path}: longer than 65535 bytes`],
]

for (const [why, machine, error] of failures) {
  await t.test(`without a usable app layer it says so once and reboots: ${why}`, async (t) => {
    const init = start(t, machine)
    t.equal(await init.ended, 'reboot')
    t.match(named(init.lines, 'init.failed'), [{ stage: 'init', error }])
    t.match(named(init.lines, 'machine.rebooting'), [{ cause: 'init failed', delay_ms: 50 }])
    t.strictSame(named(init.lines, 'node.exited'), [], 'nothing was started')
  })
}

await t.test('the app may be a folder that the host shares', async (t) => {
  const init = start(t, { conf, devices: { '/app': '9p' }, commandLine: 'nodeos.app=9p' })
  t.equal(await init.ended, 'poweroff')
  t.match(named(init.lines, 'mount'), [{ device: '/app', type: '9p' }])
  const without = start(t, { conf, commandLine: 'nodeos.app=9p' })
  t.equal(await without.ended, 'reboot')
  t.match(named(without.lines, 'init.failed'), [{ error: /^app layer: shared folder: 9p: / }])
})

await t.test('a configuration that just fits is read', async (t) => {
  const init = start(t, { conf: conf + '#'.repeat(65_535 - conf.length) })
  t.equal(await init.ended, 'poweroff')
})
