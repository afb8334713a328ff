import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folderOf } from '../../lib/release.ts'
import { ask, assemble, parts, sizeOf } from './fixture.ts'

interface Info {
  format: string
  'virtual-size': number
}

const mib = 1024 * 1024
const drivers = { qcow2: 'qcow2', vmdk: 'vmdk', vhd: 'vpc', vhdx: 'vhdx' } as const

for (const [name, driver] of Object.entries(drivers)) {
  await t.test(`${name}: the disk in it is whole, and a whole number of MiB`, async (t) => {
    const image = await assemble(t, name)
    // qemu-img knows no check of a fixed VHD: its footer has a test of its own.
    if (name !== 'vhd') {
      const check = ask('qemu-img', 'check', '-f', driver, image)
      t.match(check, /No errors were found/)
    }
    const info = JSON.parse(ask('qemu-img', 'info', '-f', driver, '--output=json', image)) as Info
    t.equal(info.format, driver)
    t.equal(info['virtual-size'] % mib, 0)
    const raw = join(folderOf(t), 'raw')
    ask('qemu-img', 'convert', '-f', driver, '-O', 'raw', image, raw)
    t.equal(sizeOf(raw), info['virtual-size'])
    t.match(ask('sgdisk', '--verify', raw), /No problems found/)
    const disk = readFileSync(raw)
    t.ok(disk.includes(parts.runtime) && disk.includes(parts.app))
  })
}

await t.test('vmdk: streamOptimized, as ESXi imports it', async (t) => {
  const head = readFileSync(await assemble(t, 'vmdk')).toString('latin1', 0, 64 * 1024)
  t.equal(head.slice(0, 4), 'KDMV')
  t.match(head, /\ncreateType="streamOptimized"\n/)
  t.match(head, /\nCID=[0-9a-f]{8}\nparentCID=ffffffff\n/)
})

await t.test('vhd: as large as the disk and its footer', async (t) => {
  t.equal(sizeOf(await assemble(t, 'vhd')) % mib, 512)
})

await t.test('vhdx: two headers and two tables that another reader takes', async (t) => {
  const image = readFileSync(await assemble(t, 'vhdx'))
  t.equal(image.toString('latin1', 0, 8), 'vhdxfile')
  for (const at of [64, 128]) t.equal(image.toString('latin1', at * 1024, at * 1024 + 4), 'head')
  for (const at of [192, 256]) t.equal(image.toString('latin1', at * 1024, at * 1024 + 4), 'regi')
})
