import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import type { Artefact } from '../pipeline/artefact.ts'
import { UserError } from '../../config/lib/errors.ts'

/** What a format assembles an image from. */
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
  /** Commands that it runs, each of which stands in `build/host/tools.ts`. */
  tools: readonly string[]
  /** Where its images boot: what the contract test does with each. */
  boots: readonly Boot[]
  /** Writes the image; returns what it wrote, nothing when the layers are used as they are. */
  assemble(input: FormatInput): Promise<Artefact[]>
}

const folder = join(import.meta.dirname, '../formats')

/** Names of the formats: one file each. */
export async function formatNames(): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -3))
    .sort()
}

/** @throws {UserError} naming the formats that there are */
export async function loadFormat(name: string): Promise<Format> {
  const names = await formatNames()
  if (!names.includes(name)) {
    throw new UserError(`image.formats: unknown format '${name}'`, {
      hint: `available: ${names.join(', ')}`,
    })
  }
  return ((await import(join(folder, `${name}.ts`))) as { default: Format }).default
}

/** Kernel fragments that the configured formats need, without the doubles. */
export async function formatFragments(config: Pick<SystemConfig, 'image'>): Promise<string[]> {
  const formats = await Promise.all(config.image.formats.map(loadFormat))
  return [...new Set(formats.flatMap(({ fragments }) => fragments))]
}

/** Names of the host tools that the configured formats need. */
export async function formatTools(config: Pick<SystemConfig, 'image'>): Promise<string[]> {
  const formats = await Promise.all(config.image.formats.map(loadFormat))
  return [...new Set(formats.flatMap(({ tools }) => tools))]
}
