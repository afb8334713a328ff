import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import type { Compression } from '../pipeline/pack.ts'
import { type Artefact, describeFile } from '../pipeline/record.ts'
import { UserError } from '../../config/lib/errors.ts'
import { hashText } from '../../config/lib/hash.ts'
import { progress } from '../../config/lib/log.ts'
import { formatBytes } from '../../config/lib/units.ts'

/** The input of a format. */
export interface FormatInput {
  config: SystemConfig
  /** Kernel, runtime and app, by name: `kernel/vmlinux`, `runtime`, `app`, … */
  artefacts: ReadonlyMap<string, Artefact>
  /** Folder for the image, e.g. `dist`. */
  out: string
}

/** A machine that an image boots on. */
export interface Boot {
  firmware: 'bios' | 'efi' | 'none'
  /** How the image is attached; `kernel` and `efi-file` are handed to QEMU and to the firmware, `ipxe` comes by TFTP. */
  as:
    | 'virtio-blk'
    | 'virtio-scsi'
    | 'pvscsi'
    | 'nvme'
    | 'ahci'
    | 'cd'
    | 'usb'
    | 'kernel'
    | 'efi-file'
    | 'ipxe'
}

/** A way to package a machine: the default export of one file in `build/formats/`. */
export interface Format {
  summary: string
  /** Kernel fragments without which its images do not boot; compiled in only when the format is configured. */
  fragments: readonly string[]
  /**
   * What `image.compression: auto` means for it: `plain` where the layers stay on the host or the image is compressed
   * itself, `packed` where their bytes travel or lie in memory.
   */
  layers: 'plain' | 'packed'
  /** Commands that it runs, all of them listed in `build/host/tools.ts`. */
  tools: readonly string[]
  /** The machines that its images boot on; a test boots each. */
  boots: readonly Boot[]
  /** Writes the image, and returns its artefacts; none if the layers are used as they are. */
  assemble(input: FormatInput): Promise<Artefact[]>
}

const folder = join(import.meta.dirname, '../formats')

/** Lists the names of the formats: one file each. */
export async function formatNames(): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -3))
    .sort()
}

/** Loads a format. @throws {UserError} that lists the formats if it is unknown */
export async function loadFormat(name: string): Promise<Format> {
  const names = await formatNames()
  if (!names.includes(name)) {
    throw new UserError(`image.formats: unknown format '${name}'`, {
      hint: `available: ${names.join(', ')}`,
    })
  }
  return ((await import(join(folder, `${name}.ts`))) as { default: Format }).default
}

/** Lists the kernel fragments that the configured formats need, each once. */
export async function formatFragments(config: Pick<SystemConfig, 'image'>): Promise<string[]> {
  const formats = await Promise.all(config.image.formats.map(loadFormat))
  return [...new Set(formats.flatMap(({ fragments }) => fragments))]
}

/** Returns how the layers are packed: what is configured or, with `auto`, what fits all configured formats. */
export async function layerCompression({ image }: Pick<SystemConfig, 'image'>): Promise<Compression> {
  if (image.compression !== 'auto') return image.compression
  const formats = await Promise.all(image.formats.map(loadFormat))
  return formats.every(({ layers }) => layers === 'plain') ? 'none' : 'lz4'
}

/** Lists the host tools that the configured formats need, each once. */
export async function formatTools(config: Pick<SystemConfig, 'image'>): Promise<string[]> {
  const formats = await Promise.all(config.image.formats.map(loadFormat))
  return [...new Set(formats.flatMap(({ tools }) => tools))]
}

/** A disk boots by both firmwares from every controller. */
export const diskBoots: readonly Boot[] = (['bios', 'efi'] as const).flatMap((firmware) =>
  (['virtio-blk', 'virtio-scsi', 'nvme', 'ahci'] as const).map((as) => ({ firmware, as })),
)

/** VMware's own controller and network interface; Debian's OVMF has no driver for that disk, VMware's firmware does. */
export const vmwareBoots: readonly Boot[] = [{ firmware: 'bios', as: 'pvscsi' }]

/** Returns an artefact that the image is made from. */
export function part({ artefacts }: FormatInput, name: string): Artefact {
  const found = artefacts.get(name)
  if (found === undefined) throw new UserError(`the build did not produce ${name}`, { hint: 'npm run build' })
  return found
}

/** Hashes everything that an image is made from. */
export function hashOfParts(input: FormatInput): string {
  return hashText(
    ['kernel/vmlinuz', 'runtime', 'app'].map((name) => part(input, name).sha256).join(' ') +
      input.config.kernel.cmdline,
  )
}

/** Returns the inputs of an image, for its record. */
export function inputsOf(input: FormatInput): Record<string, string> {
  return Object.fromEntries(
    ['kernel/vmlinuz', 'runtime', 'app'].map((name) => [name, part(input, name).sha256]),
  )
}

/** Writes an image and moves it to its place when it is complete; `make` gets its path and a folder to work in. */
export async function writeImage(
  input: FormatInput,
  file: string,
  make: (path: string, work: string) => Promise<void>,
): Promise<Artefact> {
  const work = await mkdtemp(join(input.out, '.unfinished-image-'))
  const line = progress(`Image ${file}`)
  try {
    const path = join(work, file)
    await make(path, work)
    await rename(path, join(input.out, file))
    const artefact = await describeFile(`image/${file}`, join(input.out, file), inputsOf(input))
    line.done(formatBytes(artefact.bytes))
    return artefact
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Returns the kernel command line of an image; `where` names its layers. */
export function imageCommandLine({ kernel }: Pick<SystemConfig, 'kernel'>, where: string): string {
  return `${where} console=ttyS0 quiet panic=1 no_timer_check ${kernel.cmdline}`.trim()
}

/** For layers in an initramfs or on a CD, which preinit attaches to loop devices. */
export const looped = 'rdinit=/init nodeos.app=/dev/loop1'

/** Runs mtools, xorriso or syslinux with the same time in every build: they read it from SOURCE_DATE_EPOCH. */
export function withFixedTime<T>(work: () => Promise<T>): Promise<T> {
  process.env['SOURCE_DATE_EPOCH'] ??= '1577836800'
  process.env['TZ'] = 'UTC'
  return work()
}
