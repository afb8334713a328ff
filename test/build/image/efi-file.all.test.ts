import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folderOf } from '../../lib/release.ts'
import { ask, assemble, parts } from './fixture.ts'

/** Name, size, address and place in the file of each section, as objdump says. */
function sectionsOf(file: string): { name: string; size: number; address: number }[] {
  const lines = ask('objdump', '--section-headers', '--wide', file)
  return [...lines.matchAll(/^ *\d+ (\S+) +([0-9a-f]+) +([0-9a-f]+) /gm)].map(
    ([, name = '', size, address]) => ({
      name,
      size: Number.parseInt(size ?? '', 16),
      address: Number.parseInt(address ?? '', 16),
    }),
  )
}

const file = await assemble(t, 'efi')

await t.test('it is a program for EFI with the kernel, its command line and the layers as sections', (t) => {
  t.match(ask('file', '--brief', file), /PE32\+ executable.*EFI application.*x86-64/)
  const folder = folderOf(t)
  const section = (name: string): Buffer => {
    const out = join(folder, name)
    ask('objcopy', '--dump-section', `.${name}=${out}`, file, join(folder, 'copy'))
    return readFileSync(out)
  }
  t.ok(section('linux').subarray(0, parts['kernel/vmlinuz'].length).equals(parts['kernel/vmlinuz']))
  t.match(section('cmdline').toString(), /^rdinit=\/init nodeos\.app=\/dev\/loop1 /)
  const initrd = section('initrd')
  t.ok(initrd.includes(parts.runtime) && initrd.includes(parts.app))
  t.end()
})

await t.test('no section lies over another one in memory', (t) => {
  const sections = sectionsOf(file).toSorted((one, other) => one.address - other.address)
  for (const name of ['.text', '.cmdline', '.linux', '.initrd'])
    t.ok(
      sections.some((each) => each.name === name),
      name,
    )
  for (const [index, { name, address, size }] of sections.entries()) {
    const next = sections[index + 1]
    if (next !== undefined) t.ok(address + size <= next.address, `${name} ends before ${next.name} begins`)
  }
  t.end()
})
