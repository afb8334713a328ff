import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadFormat } from '../../../build/image/format.ts'
import { hashText, uuidOf } from '../../../config/lib/hash.ts'
import { folderOf } from '../../lib/release.ts'
import { ask, assemble, makeInput, parts, read } from './fixture.ts'

interface Table {
  partitiontable: {
    label: string
    partitions: { start: number; size: number; type: string; uuid: string; name: string; attrs?: string }[]
  }
}

const sector = 512
const raw = await assemble(t, 'raw')
const { partitiontable } = JSON.parse(ask('sfdisk', '--json', raw)) as Table
const { partitions } = partitiontable
const disk = readFileSync(raw)
const [esp = Buffer.alloc(0), runtime, app] = partitions.map(({ start, size }) =>
  disk.subarray(start * sector, (start + size) * sector),
)
const boot = join(folderOf(t), 'esp')
writeFileSync(boot, esp)

await t.test('sgdisk finds no fault in the partition table, nor in its copy at the end', (t) => {
  const said = ask('sgdisk', '--verify', raw)
  t.match(said, /No problems found/)
  t.notMatch(said, /Caution|Warning|Problem:/)
  t.end()
})

await t.test('a partition for the loaders and one for each layer, each at a page', (t) => {
  t.equal(partitiontable.label, 'gpt')
  t.match(partitions, [
    { name: 'boot', type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', attrs: 'LegacyBIOSBootable' },
    { name: 'runtime', uuid: uuidOf(hashText(parts.runtime)).toUpperCase() },
    { name: `app-${hashText(parts.app).slice(0, 16)}` },
  ])
  for (const { name, start } of partitions) t.equal((start * sector) % 4096, 0, name)
  t.ok(runtime?.equals(parts.runtime))
  t.ok(app?.equals(parts.app))
  t.end()
})

await t.test('both loaders tell the kernel where its layers are', (t) => {
  for (const file of ['::/syslinux.cfg', '::/loader/entries/nodeos.conf']) {
    const text = ask('mtype', '-i', boot, file)
    t.match(text, `root=PARTUUID=${partitions[1]?.uuid.toLowerCase()} `)
    t.match(text, `nodeos.app=PARTLABEL=${partitions[2]?.name} `)
  }
  t.end()
})

await t.test('the boot partition is a sound FAT16 with both loaders and the kernel', (t) => {
  t.match(ask('fsck.fat', '-n', boot), /\d+ files, \d+\/\d+ clusters/)
  const said = ask('minfo', '-i', boot, '::')
  t.match(said, /disk type="FAT16 {3}"/)
  t.match(said, /banner:"SYSLINUX"/)
  t.ok(read('mtype', '-i', boot, '::/vmlinuz').equals(parts['kernel/vmlinuz']))
  const names = ask('mdir', '-i', boot, '-/', '-b', '-a', '::').toLowerCase()
  for (const name of ['efi/boot/bootx64.efi', 'loader/loader.conf', 'ldlinux.sys', 'ldlinux.c32'])
    t.match(names, name)
  t.end()
})

await t.test('what is beside the content is loaders and tables, no slack', (t) => {
  const content = Object.values(parts).reduce((sum, { length }) => sum + length, 0)
  t.ok(disk.length - content < 600_000, `${disk.length - content} bytes beside ${content} of content`)
  t.end()
})

await t.test('zeros in a layer take no blocks', async (t) => {
  const hole = Buffer.alloc(4 * 1024 * 1024)
  const runtime = Buffer.concat([parts.runtime, hole, parts.runtime])
  const format = await loadFormat('raw')
  const [image] = await format.assemble(await makeInput(t, { ...parts, runtime }))
  const { size, blocks } = statSync(image?.path ?? '')
  const data = Object.values(parts).reduce((sum, { length }) => sum + length, parts.runtime.length)
  t.ok(size > data + hole.length)
  t.ok(blocks * sector <= data + 600_000, `${blocks * sector} bytes on the disk for ${data} of data`)
})
