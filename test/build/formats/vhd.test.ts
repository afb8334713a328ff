import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fixVhd } from '../../../build/formats/vhd.ts'

await t.test('a VHD made twice is the same, ends at a MiB and keeps a right checksum', async (t) => {
  const folder = t.testdir()
  const make = async (name: string): Promise<Buffer> => {
    const path = join(folder, name)
    const options = ['-f', 'vpc', '-o', 'subformat=fixed,force_size=on', path, '2M']
    execFileSync('qemu-img', ['create', ...options], { stdio: 'ignore' })
    await fixVhd(path, 'ab'.repeat(32))
    return readFileSync(path)
  }
  const disk = await make('one.vhd')
  t.ok(disk.equals(await make('two.vhd')))
  t.equal(disk.length, 2 * 1024 * 1024 + 512)
  const footer = disk.subarray(-512)
  t.equal(footer.toString('latin1', 0, 8), 'conectix')
  t.equal(footer.toString('hex', 68, 84), 'ab'.repeat(16))
  const sum = footer.reduce((total, byte, at) => (at >= 64 && at < 68 ? total : total + byte), 0)
  t.equal(footer.readUInt32BE(64), ~sum >>> 0)
})
