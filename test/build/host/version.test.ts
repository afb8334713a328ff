import t from 'tap'
import { isAtLeast, versionIn } from '../../../build/host/version.ts'

await t.test('finds the version in what tools print of themselves', async (t) => {
  const printed: Record<string, string> = {
    'gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022': '12.2.0',
    'mkfs.erofs 1.5\navailable compressors: lz4, lz4hc': '1.5',
    'mksquashfs version 4.5.1 (2022/03/17)': '4.5.1',
    '*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***': '1.5.4',
    'GNU strip (GNU Binutils for Debian) 2.40': '2.40',
    'version 7': '7',
  }
  for (const [text, version] of Object.entries(printed)) t.equal(versionIn(text), version, text)
  t.equal(versionIn('usage: awk'), undefined)
})

await t.test('compares versions number by number', async (t) => {
  t.ok(isAtLeast('1.10', '1.9'), 'ten is more than nine')
  t.ok(isAtLeast('2', '1.5'), 'the first number decides')
  t.ok(isAtLeast('1.5', '1.5'))
  t.ok(isAtLeast('4', '4.0'), 'a number that is not said is zero')
  t.notOk(isAtLeast('1.4.9', '1.5'))
  t.notOk(isAtLeast('2', '2.34'))
})
