import { chmodSync, mkdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findProgram } from '../../../config/lib/find.ts'
import { runSync } from '../../../config/lib/run.ts'
import {
  compileSanitized,
  everyPart,
  launcher,
  deviceWaitMs,
  named,
  type Running,
  shellConf,
} from '../fixtures/init.ts'

const folder = t.testdir({})
const mebibyte = 2 ** 20
const checker = join(folder, 'e2fsck')
// The real one, on a file in the place of a device.
writeFileSync(checker, `#!/bin/sh\nexec ${findProgram('e2fsck') ?? 'e2fsck'} "$1" "$INIT_ROOT$2"\n`)
chmodSync(checker, 0o755)
const binary = compileSanitized(join(folder, 'init'), everyPart, 'init-host.c', [`-DE2FSCK="${checker}"`])
const conf = `${shellConf('exit 0', { 'exit-zero': 'poweroff' })}data store\n`
const { newRoot, start: startInit } = launcher(folder, binary)

interface Disk {
  label: string
  options?: string[]
}

/** Starts init in a root with real ext4 file systems in files. */
function start(
  t: Test,
  disks: Record<string, Disk>,
  change: (root: string) => void = () => undefined,
): Running & { root: string } {
  const root = newRoot()
  mkdirSync(join(root, 'dev'))
  for (const [name, { label, options = [] }] of Object.entries(disks)) {
    runSync(['mke2fs', '-q', '-t', 'ext4', '-L', label, ...options, join(root, 'dev', name), '8m'], {
      purpose: 'make a disk',
    })
  }
  change(root)
  return startInit(t, { conf }, root)
}

function path(root: string): string {
  return join(root, 'dev/vdc')
}

function enlarge(root: string): void {
  truncateSync(path(root), 32 * mebibyte)
}

/** Spoils a file system. */
function debugfs(disk: string, command: string): void {
  runSync(['debugfs', '-w', '-R', command, disk], { purpose: 'spoil a disk' })
}

await t.test('the disk with the label is checked and mounted before Node starts', async (t) => {
  for (const options of [[], ['-b', '1024'], ['-O', '^64bit,^metadata_csum'], ['-O', '64bit']]) {
    const init = start(t, { vda: { label: 'other' }, vdc: { label: 'store', options } })
    t.equal(await init.ended, 'poweroff')
    t.match(named(init.lines, 'data.checked'), [{ stage: 'init', status: 0, said: /^store: clean/ }])
    t.match(named(init.lines, 'mount').at(-1), { device: '/dev/vdc', type: 'ext4' })
    t.match(named(init.lines, 'data.mounted'), [{ device: '/dev/vdc' }])
    t.same(named(init.lines, 'resize'), [], 'it fills its disk')
    const order = init.lines.map(({ event }) => event)
    t.ok(order.indexOf('data.mounted') < order.indexOf('node.exited'))
  }
})

await t.test('a file system that is smaller than its disk grows', async (t) => {
  const init = start(t, { vdc: { label: 'store', options: ['-b', '4096'] } }, enlarge)
  t.equal(await init.ended, 'poweroff')
  t.match(named(init.lines, 'resize'), [{ blocks: 8192 }])
  const refused = start(t, { vdc: { label: 'store' } }, (root) => {
    enlarge(root)
    writeFileSync(join(root, 'refuse-resize'), '')
  })
  t.equal(await refused.ended, 'poweroff', 'a disk that did not grow is still a disk')
  t.match(named(refused.lines, 'data.not_grown'), [{ error: 'No space left on device' }])
  t.match(named(refused.lines, 'data.mounted'), [{ device: '/dev/vdc' }])
})

await t.test('what a crash left is repaired', async (t) => {
  const init = start(t, { vdc: { label: 'store' } }, (root) => {
    for (const count of ['free_blocks_count 7', 'free_inodes_count 3']) debugfs(path(root), `ssv ${count}`)
    debugfs(path(root), 'ssv state 2')
  })
  t.equal(await init.ended, 'poweroff')
  t.match(named(init.lines, 'data.checked'), [{ status: 1, said: /store: / }])
  t.match(named(init.lines, 'data.mounted'), [{ device: '/dev/vdc' }])
})

const failures: [why: string, disks: Record<string, Disk>, error: RegExp, change?: (root: string) => void][] =
  [
    ['no disk', { vda: { label: 'other' } }, /^data: no disk has an ext4 file system with the label store$/],
    [
      'two disks',
      { vdc: { label: 'store' }, vdd: { label: 'store' } },
      /^data: 2 disks have the label store; only one may have it$/,
    ],
    [
      'a disk that needs a manual repair',
      { vdc: { label: 'store' } },
      /^data: \/dev\/vdc needs a manual repair \(e2fsck -p exited with \d+\): .*(MANUALLY|manually)/,
      // A file that has lost its name.
      (root) => {
        for (const command of ['write /etc/hostname lost', 'unlink lost', 'ssv state 2'])
          debugfs(path(root), command)
      },
    ],
    [
      'a disk that is smaller than its file system',
      { vdc: { label: 'store' } },
      /^data: \/dev\/vdc needs a manual repair/,
      (root) => truncateSync(path(root), 4 * mebibyte),
    ],
    [
      'a mount that fails',
      { vdc: { label: 'store' } },
      /^data: \/dev\/vdc: mount: Invalid argument$/,
      (root) => writeFileSync(join(root, 'refuse-mount'), ''),
    ],
  ]

for (const [why, disks, error, change] of failures) {
  await t.test(`without its data it says why and reboots: ${why}`, async (t) => {
    const init = start(t, disks, change)
    t.equal(await init.ended, 'reboot')
    t.match(named(init.lines, 'init.failed'), [{ error }])
    t.same(named(init.lines, 'node.exited'), [], 'nothing was started')
    t.same(named(init.lines, 'data.mounted'), [])
  })
}

await t.test('a disk that comes late is waited for', async (t) => {
  const init = start(t, { late: { label: 'store' } }, (root) =>
    renameSync(join(root, 'dev/late'), join(root, 'late')),
  )
  await init.waitFor('start')
  renameSync(join(init.root, 'late'), path(init.root))
  t.equal(await init.ended, 'poweroff')
  t.match(named(init.lines, 'data.mounted'), [{ device: '/dev/vdc' }])
})

await t.test('a disk that does not come is not waited for forever', async (t) => {
  const started = Date.now()
  const init = start(t, {})
  t.equal(await init.ended, 'reboot')
  t.ok(Date.now() - started >= deviceWaitMs)
})
