import { uuidOf } from '../../config/lib/hash.ts'
import { type FileHandle, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FormatInput, hashOfParts, imageCommandLine, part, withFixedTime } from './format.ts'
import { runSync } from '../../config/lib/run.ts'
import { makeEsp } from './esp.ts'
import { loaderFile } from '../host/loaders.ts'

const sectorBytes = 512
/** Where partitions begin and end: the pages that the kernel reads. */
const pageBytes = 4096
/** A GPT: its header and 128 entries of 128 bytes, at the end once more; at the start behind an MBR. */
const tableBytes = 33 * sectorBytes
/** What syslinux installs beside its boot sector: ldlinux.sys and ldlinux.c32. */
const syslinuxBytes = 256 * 1024
/** Boot code of an MBR ends where its disk signature begins. */
const bootCodeBytes = 440

/** The kernel fragments and host tools that a disk image needs. */
export const diskFragments = ['image-disk'] as const
export const diskTools = [
  'mformat',
  'mmd',
  'mcopy',
  'syslinux',
  'sfdisk',
  'gptmbr.bin',
  'systemd-bootx64.efi',
] as const

/**
 * Makes a disk that BIOS and EFI boot: GPT, one FAT partition with the kernel and both loaders, one
 * partition for each layer.
 *
 * @param unit the disk's size is a multiple of this many bytes
 */
export async function makeDisk(
  input: FormatInput,
  out: string,
  work: string,
  unit = pageBytes,
): Promise<void> {
  await withFixedTime(async () => {
    const runtime = part(input, 'runtime')
    const app = part(input, 'app')
    const hash = hashOfParts(input)
    const rootUuid = uuidOf(runtime.sha256)
    const appName = `app-${app.sha256.slice(0, 16)}`
    const esp = join(work, 'esp')
    const where = `root=PARTUUID=${rootUuid} rootwait ro init=/init nodeos.app=PARTLABEL=${appName}`
    const cmdline = imageCommandLine(input.config, where)
    const menu = join(work, 'syslinux.cfg')
    await writeFile(menu, `DEFAULT nodeos\nPROMPT 0\nLABEL nodeos\nLINUX /vmlinuz\nAPPEND ${cmdline}\n`)
    await makeEsp({
      out: esp,
      work,
      cmdline,
      serial: hash.slice(0, 8),
      loader: loaderFile('systemd-bootx64.efi'),
      files: { vmlinuz: part(input, 'kernel/vmlinuz').path, 'syslinux.cfg': menu },
      spareBytes: syslinuxBytes,
    })
    runSync(['syslinux', '--install', esp], { purpose: 'make the image bootable by BIOS' })
    const espBytes = (await stat(esp)).size
    const parts = [
      {
        path: esp,
        bytes: espBytes,
        type: 'U',
        uuid: uuidOf(hash),
        name: 'boot',
        attrs: ', attrs=LegacyBIOSBootable',
      },
      { path: runtime.path, bytes: runtime.bytes, type: 'L', uuid: rootUuid, name: 'runtime', attrs: '' },
      { path: app.path, bytes: app.bytes, type: 'L', uuid: uuidOf(app.sha256), name: appName, attrs: '' },
    ]
    let end = roundUp(sectorBytes + tableBytes, pageBytes)
    const placed = parts.map((item) => {
      const start = end
      end += roundUp(item.bytes, pageBytes)
      return { ...item, start }
    })
    const disk = await open(out, 'w')
    try {
      await disk.truncate(roundUp(end + tableBytes, unit))
      for (const { path, start } of placed) await writeAt(disk, path, start)
    } finally {
      await disk.close()
    }
    partition(
      out,
      [
        'label: gpt',
        `label-id: ${uuidOf(hash.slice(32))}`,
        `first-lba: ${(sectorBytes + tableBytes) / sectorBytes}`,
        ...placed.map(({ start, bytes, type, uuid, name, attrs }, index) => {
          const sectors = Math.ceil(bytes / sectorBytes)
          return `${index + 1} : start=${start / sectorBytes}, size=${sectors}, type=${type}, uuid=${uuid}, name=${name}${attrs}`
        }),
      ].join('\n'),
    )
    await writeBootCode(out)
  })
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit
}

function partition(disk: string, script: string): void {
  runSync(['sfdisk', '--quiet', '--no-reread', '--no-tell-kernel', disk], {
    purpose: 'partition the image',
    input: `${script}\n`,
  })
}

async function writeBootCode(disk: string): Promise<void> {
  const code = await readFile(loaderFile('gptmbr.bin'))
  const file = await open(disk, 'r+')
  try {
    await file.write(code, 0, Math.min(code.length, bootCodeBytes), 0)
  } finally {
    await file.close()
  }
}

/** Other hypervisors count a disk in MiB; Azure refuses another size. */
const containerUnit = 1024 * 1024

/** Makes the disk and has qemu-img write it as something else. */
export async function convertDisk(
  input: FormatInput,
  out: string,
  work: string,
  options: readonly string[],
): Promise<void> {
  const raw = join(work, 'disk.raw')
  await makeDisk(input, raw, work, containerUnit)
  runSync(['qemu-img', 'convert', '-f', 'raw', ...options, raw, out], { purpose: `write ${out}` })
}

const chunkBytes = 64 * 1024
const zeros = Buffer.alloc(chunkBytes)

/** Copies a file into another at an offset; chunks of nothing but zeros stay holes. */
export async function writeAt(target: FileHandle, path: string, offset: number): Promise<void> {
  const source = await open(path)
  try {
    const buffer = Buffer.alloc(chunkBytes)
    for (let at = 0; ;) {
      const { bytesRead } = await source.read(buffer, 0, chunkBytes, at)
      if (bytesRead === 0) return
      const chunk = buffer.subarray(0, bytesRead)
      if (!chunk.equals(zeros.subarray(0, bytesRead))) await target.write(chunk, 0, bytesRead, offset + at)
      at += bytesRead
    }
  } finally {
    await source.close()
  }
}
