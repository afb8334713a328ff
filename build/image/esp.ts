import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'

const sectorBytes = 512
/** FAT16, the least that every firmware reads, begins here; each cluster is a sector. */
const leastClusters = 4085
/** What mformat lays before the clusters, beside the tables: the boot sector and the root folder. */
const headSectors = 1 + 32
/** Bytes of a cluster's number in each of the two tables. */
const numberBytes = 2
const pageBytes = 4096
/** Where a boot sector that is an MBR has its partitions. */
const partitionsAt = 446
const partitionsBytes = 64

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
  /** Space for files that are added later. */
  spareBytes?: number
}

/** Makes an EFI system partition, no larger than its files need: FAT16 with systemd-boot, which starts `/vmlinuz` at once. */
export async function makeEsp(options: EspOptions): Promise<void> {
  const { out, work, cmdline, serial, spareBytes = 0 } = options
  const entry = join(work, 'entry.conf')
  const menu = join(work, 'loader.conf')
  const initrd = 'initrd' in options.files ? 'initrd /initrd\n' : ''
  await writeFile(entry, `title NodeOS\nlinux /vmlinuz\n${initrd}options ${cmdline}\n`)
  await writeFile(menu, 'timeout 0\ndefault nodeos.conf\n')
  const files: Record<string, string> = {
    ...options.files,
    'EFI/BOOT/BOOTX64.EFI': options.loader,
    'loader/loader.conf': menu,
    'loader/entries/nodeos.conf': entry,
  }
  const folders = ['EFI', 'EFI/BOOT', 'loader', 'loader/entries']
  const sizes = await Promise.all(Object.values(files).map(async (path) => (await stat(path)).size))
  const clusters = [...sizes, spareBytes].reduce(
    (sum, size) => sum + Math.ceil(size / sectorBytes),
    folders.length,
  )
  const purpose = 'make the EFI system partition'
  const geometry = ['-T', String(sectorsFor(clusters)), '-h', '16', '-s', '32', '-c', '1']
  runSync(['mformat', '-i', out, '-C', ...geometry, '-N', serial, '::'], { purpose })
  await clearPartitions(out)
  for (const folder of folders) runSync(['mmd', '-i', out, `::/${folder}`], { purpose })
  for (const [name, path] of Object.entries(files)) {
    runSync(['mcopy', '-i', out, path, `::/${name}`], { purpose })
  }
}

/** Clears the partition that mformat writes into the boot sector: its size is wrong, and EFI firmware would use it. */
async function clearPartitions(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(Buffer.alloc(partitionsBytes), 0, partitionsBytes, partitionsAt)
  } finally {
    await file.close()
  }
}

/** Sectors of a partition that holds this many clusters; a whole number of pages. */
function sectorsFor(clusters: number): number {
  const count = Math.max(clusters, leastClusters) + pageBytes / sectorBytes
  const tableSectors = Math.ceil((count * numberBytes) / sectorBytes)
  const bytes = (headSectors + 2 * tableSectors + count) * sectorBytes
  return (Math.ceil(bytes / pageBytes) * pageBytes) / sectorBytes
}
