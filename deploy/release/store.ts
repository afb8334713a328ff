import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'
import { writeJson } from '../../config/lib/json.ts'
import { log } from '../../config/lib/log.ts'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import { artefactPath } from './dist.ts'
import type { Release } from '../target.ts'

/** What is needed to boot a machine: the kernel and the layers, by their names in the manifest. */
export const bootable = ['kernel/vmlinux', 'runtime', 'app'] as const

/** A release that is kept on a host. */
export interface Kept {
  /** Counts from 1; no two releases of a machine share it. */
  number: number
  /** ISO 8601. */
  added: string
  /** Of a release that came as a commit: which one. */
  commit?: string
  /** Number of the release whose data it brings back when it comes. */
  restore?: number
  manifest: Manifest
}

/** Releases on a host: each layer once, under its hash, and a record a release. */
export class ReleaseStore {
  readonly folder: string
  readonly #layers: string
  readonly #records: string
  readonly #told = new Set<number>()

  constructor(folder: string) {
    this.folder = folder
    this.#layers = join(folder, 'layers')
    this.#records = join(folder, 'releases')
  }

  /** All releases, the newest first. */
  async list(): Promise<Kept[]> {
    const found = await Promise.all((await this.#numbers()).map((number) => this.get(number)))
    return found.filter((kept) => kept !== undefined).sort((a, b) => b.number - a.number)
  }

  /** A release; one whose record cannot be read is ignored, with one warning. */
  async get(number: number): Promise<Kept | undefined> {
    const file = this.#record(number)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text) as Kept
    } catch {
      if (!this.#told.has(number)) log.warn(`cannot read ${file}: it is ignored`)
      this.#told.add(number)
      return undefined
    }
  }

  /** Numbers of the releases whose records cannot be read. */
  async unreadable(): Promise<number[]> {
    const numbers = await this.#numbers()
    const found = await Promise.all(numbers.map((number) => this.get(number)))
    return numbers.filter((_, index) => found[index] === undefined)
  }

  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#records).catch(() => [])
    return names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number)
  }

  /** The release as something that can be deployed. */
  release({ manifest }: Kept): Release {
    return { dist: this.folder, manifest }
  }

  /** Bytes that a release takes beside what is here. */
  async bytesMissing(manifest: Manifest): Promise<number> {
    let bytes = 0
    for (const layer of layersOf(manifest)) {
      const size = await stat(this.#layer(layer.sha256)).then(
        (found) => found.size,
        () => undefined,
      )
      if (size !== layer.bytes) bytes += layer.bytes
    }
    return bytes
  }

  /**
   * Keeps a release: all of it, or nothing.
   *
   * @param fetch writes a layer that is missing here to a file
   * @throws {UserError} when a layer is not what the manifest says
   */
  async add(
    release: Omit<Kept, 'added'>,
    fetch: (layer: Manifest['artefacts'][number], file: string) => Promise<void>,
  ): Promise<Kept> {
    await mkdir(this.#layers, { recursive: true })
    await mkdir(this.#records, { recursive: true })
    const layers = layersOf(release.manifest)
    for (const layer of layers) {
      const file = this.#layer(layer.sha256)
      if (await isSound(file, layer)) continue
      const unfinished = `${file}.unfinished`
      await rm(unfinished, { force: true })
      try {
        await fetch(layer, unfinished)
        if (!(await isSound(unfinished, layer))) {
          throw new UserError(
            `the layer ${layer.name} of release ${release.number} does not match its manifest`,
          )
        }
        await rename(unfinished, file)
      } finally {
        await rm(unfinished, { force: true })
      }
    }
    const artefacts = layers.map((layer) => ({ ...layer, path: join('layers', layer.sha256) }))
    const kept: Kept = {
      ...release,
      added: new Date().toISOString(),
      manifest: { ...release.manifest, artefacts },
    }
    await writeJson(this.#record(release.number), kept)
    return kept
  }

  /** Keeps a release that lies in a folder, in the place of nothing: its number is the next one. */
  async addBuilt(release: Release): Promise<Kept> {
    const number = Math.max(0, ...(await this.#numbers())) + 1
    return this.add({ number, manifest: release.manifest }, ({ name }, file) =>
      linkOrCopy(artefactPath(release, name), file),
    )
  }

  /** Names of the layers of a release that are damaged or gone. */
  async damage({ manifest }: Kept): Promise<string[]> {
    const broken: string[] = []
    for (const layer of layersOf(manifest)) {
      if (!(await isSound(this.#layer(layer.sha256), layer))) broken.push(layer.name)
    }
    return broken
  }

  /** Removes all but the newest `most` releases and those named; layers that nothing uses go too. */
  async prune(most: number, always: readonly (number | undefined)[]): Promise<void> {
    const numbers = await this.#numbers()
    const kept = await this.list()
    const stays = kept.filter(({ number }, index) => index < most || always.includes(number))
    for (const number of numbers.filter((each) => stays.every((kept) => kept.number !== each))) {
      await rm(this.#record(number), { force: true })
    }
    const used = new Set(stays.flatMap(({ manifest }) => layersOf(manifest).map(({ sha256 }) => sha256)))
    for (const name of await readdir(this.#layers).catch(() => [])) {
      if (!used.has(basename(name))) await rm(join(this.#layers, name), { force: true })
    }
  }

  #record(number: number): string {
    return join(this.#records, `${number}.json`)
  }

  #layer(sha256: string): string {
    return join(this.#layers, sha256)
  }
}

/** The layers of a release that a machine boots from. @throws {UserError} when one is missing in the manifest */
export function layersOf(manifest: Manifest): Manifest['artefacts'] {
  return bootable.map((name) => {
    const found = manifest.artefacts.find((artefact) => artefact.name === name)
    if (found === undefined)
      throw new UserError(`the release has no artefact '${name}'`, { hint: 'npm run build' })
    return found
  })
}

async function isSound(file: string, { bytes, sha256 }: { bytes: number; sha256: string }): Promise<boolean> {
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  )
  return size === bytes && (await hashFile(file)) === sha256
}

/** A build never writes into a finished file, so that a second name for it is as good as a copy. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE))
}
