import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folderOf } from '../../lib/release.ts'
import { ask, assemble, parts } from './fixture.ts'

const image = await assemble(t, 'iso')

await t.test('xorriso finds boot records for both firmwares, on a CD and on a disk', (t) => {
  const said = ask('xorriso', '-indev', image, '-report_el_torito', 'plain', '-report_system_area', 'plain')
  t.match(said, /El Torito boot img : +1 +BIOS +y +none/)
  t.match(said, /El Torito boot img : +2 +UEFI +y +none/)
  t.match(said, /System area summary: MBR isohybrid .*GPT/)
  t.match(ask('file', '--brief', image), /ISO 9660.* 'NODEOS' \(bootable\)/)
  t.end()
})

await t.test('the layers are files in it, the kernel one for each firmware', (t) => {
  const folder = folderOf(t)
  const take = (path: string): Buffer => {
    const out = join(folder, path.replaceAll('/', '-'))
    ask('xorriso', '-osirrox', 'on', '-indev', image, '-extract', path, out)
    return readFileSync(out)
  }
  t.ok(take('/layers/runtime').equals(parts.runtime))
  t.ok(take('/layers/app').equals(parts.app))
  t.ok(take('/isolinux/vmlinuz').equals(parts['kernel/vmlinuz']))
  t.ok(take('/isolinux/efi.img').includes(parts['kernel/vmlinuz'].subarray(0, 512)))
  t.match(take('/isolinux/isolinux.cfg').toString(), /APPEND rdinit=\/init nodeos\.app=\/dev\/loop1 /)
  t.end()
})
