import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tool } from '../lib/tool.ts'

const sectorBytes = 512
const mib = 1024 * 1024
/** Tables, folders and the loaders' own files. */
const spareBytes = 512 * 1024
/** FAT16, the least that every firmware reads, begins at 4085 clusters. */
const leastBytes = 3 * mib

export interface EspOptions {
  /** File to write. */
  out: string
  /** Folder to work in. */
  work: string
  /** Files beside the EFI loader: a path within the partition and a file of the host each. */
  files: Readonly<Record<string, string>>
  /** Kernel command line. */
  cmdline: string
  /** Eight hex digits. */
  serial: string
  loader: string
}

/** Makes an EFI system partition: FAT16 with systemd-boot, which starts `/vmlinuz` at once. */
export async function makeEsp({ out, work, files, cmdline, serial, loader }: EspOptions): Promise<void> {
  const entry = join(work, 'entry.conf')
  const menu = join(work, 'loader.conf')
  const initrd = 'initrd' in files ? 'initrd /initrd\n' : ''
  await writeFile(entry, `title NodeOS\nlinux /vmlinuz\n${initrd}options ${cmdline}\n`)
  await writeFile(menu, 'timeout 0\ndefault nodeos.conf\n')
  const all: Record<string, string> = {
    ...files,
    'EFI/BOOT/BOOTX64.EFI': loader,
    'loader/loader.conf': menu,
    'loader/entries/nodeos.conf': entry,
  }
  await mkdir(work, { recursive: true })
  const sizes = await Promise.all(Object.values(all).map(async (path) => (await stat(path)).size))
  const bytes = Math.max(
    leastBytes,
    sizes.reduce((sum, size) => sum + size, spareBytes),
  )
  const sectors = Math.ceil(bytes / mib) * (mib / sectorBytes)
  const purpose = 'make the EFI system partition'
  tool(
    [
      'mformat',
      '-i',
      out,
      '-C',
      '-T',
      String(sectors),
      '-h',
      '16',
      '-s',
      '32',
      '-c',
      '1',
      '-N',
      serial,
      '::',
    ],
    { purpose },
  )
  for (const folder of ['EFI', 'EFI/BOOT', 'loader', 'loader/entries']) {
    tool(['mmd', '-i', out, `::/${folder}`], { purpose })
  }
  for (const [name, path] of Object.entries(all)) {
    tool(['mcopy', '-i', out, path, `::/${name}`], { purpose })
  }
}
