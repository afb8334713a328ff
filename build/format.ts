import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemConfig } from '../config/system.types.ts'
import type { Artefact } from './lib/artefact.ts'
import { UserError } from './lib/errors.ts'

/** What a format assembles an image from. */
export interface FormatInput {
  config: SystemConfig
  /** Kernel, runtime and app, by name: `kernel/vmlinux`, `runtime`, `app`, … */
  artefacts: ReadonlyMap<string, Artefact>
  /** Folder for the image, e.g. `dist`. */
  out: string
}

/** A way to package a machine: the default export of one file in `build/formats/`. */
export interface Format {
  summary: string
  /** Writes the image; returns what it wrote, nothing when the layers are used as they are. */
  assemble(input: FormatInput): Promise<Artefact[]>
}

const folder = join(import.meta.dirname, 'formats')

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
    throw new UserError(`image.formats: there is no format '${name}'`, {
      hint: `there is: ${names.join(', ')}`,
    })
  }
  return ((await import(join(folder, `${name}.ts`))) as { default: Format }).default
}
