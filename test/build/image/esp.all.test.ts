import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeEsp } from '../../../build/image/esp.ts'
import { folderOf } from '../../lib/release.ts'
import { ask, noise, read, sizeOf } from './fixture.ts'

for (const bytes of [0, 1_000_000, 2_000_000, 2_091_520, 8_000_000, 30_000_000]) {
  await t.test(`a kernel of ${bytes} bytes fits, and little else does`, async (t) => {
    const work = folderOf(t)
    const [out, loader, kernel] = ['esp', 'loader', 'vmlinuz'].map((name) => join(work, name))
    if (out === undefined || loader === undefined || kernel === undefined) throw new Error('no folder')
    const content = noise('kernel', bytes)
    writeFileSync(kernel, content)
    writeFileSync(loader, noise('loader', 140_001))
    await makeEsp({ out, work, loader, files: { vmlinuz: kernel }, cmdline: 'quiet', serial: '0123abcd' })
    t.match(ask('fsck.fat', '-n', out), /\d+ files/)
    t.ok(read('mtype', '-i', out, '::/vmlinuz').equals(content))
    t.ok(read('mtype', '-i', out, '::/EFI/BOOT/BOOTX64.EFI').equals(noise('loader', 140_001)))
    const said = ask('minfo', '-i', out, '::')
    t.match(said, /disk type="FAT16 {3}"/, 'what every firmware reads')
    t.match(said, /serial number: 0123ABCD/)
    t.equal(sizeOf(out) % 4096, 0)
    t.ok(readFileSync(out).subarray(446, 510).equals(Buffer.alloc(64)), 'it has no partitions of its own')
    const least = Math.max(bytes + 140_001, 4085 * 512)
    t.ok(sizeOf(out) < least * 1.02 + 40_000, `${sizeOf(out)} bytes`)
  })
}
