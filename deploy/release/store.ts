import { constants } from 'node:fs'
import { copyFile, link, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { UserError } from '../../config/lib/errors.ts'
import { writeJson } from '../../config/lib/json.ts'
import { log } from '../../config/lib/log.ts'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import { artefactPath } from './dist.ts'
import type { Release } from '../target.ts'

/** The artefacts that a machine boots from, by their names in the manifest. */
export const bootable = ['kernel/vmlinux', 'runtime', 'app'] as const

/** A release that is stored on a host. */
export interface Kept {
  /** Counts from 1; unique for a machine. */
  number: number
  /** ISO 8601. */
  added: string
  /** The commit that contained it, on a git host. */
  commit?: string
  /** Number of the release whose data it restores. */
  restore?: number
  manifest: Manifest
}

/** Stores releases on a host: each layer once, under its hash, and a record for each release. */
export class ReleaseStore {
  readonly folder: string
  readonly #layers: string
  readonly #records: string
  readonly #warned = new Set<number>()

  constructor(folder: string) {
    this.folder = folder
    this.#layers = join(folder, 'layers')
    this.#records = join(folder, 'releases')
  }

  /** Lists all releases, the newest first. */
  async list(): Promise<Kept[]> {
    const found = await Promise.all((await this.#numbers()).map((number) => this.get(number)))
    return found.filter((kept) => kept !== undefined).sort((a, b) => b.number - a.number)
  }

  /** Returns a release. A damaged record is ignored, with one warning. */
  async get(number: number): Promise<Kept | undefined> {
    const file = this.#record(number)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text) as Kept
    } catch {
      if (!this.#warned.has(number)) log.warn(`cannot read ${file}: it is ignored`)
      this.#warned.add(number)
      return undefined
    }
  }

  /** Returns the numbers of releases with damaged records. */
  async unreadable(): Promise<number[]> {
    const numbers = await this.#numbers()
    const found = await Promise.all(numbers.map((number) => this.get(number)))
    return numbers.filter((_, index) => found[index] === undefined)
  }

  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#records).catch(() => [])
    return names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number)
  }

  /** Returns a stored release in the form that a target deploys. */
  release({ manifest }: Kept): Release {
    return { dist: this.folder, manifest }
  }

  /** Returns how many bytes a release would add. */
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
   * Stores a release, completely or not at all.
   *
   * @param fetch writes a missing layer to a file
   * @throws {UserError} if a layer does not match the manifest
   */
  async add(
    release: Omit<Kept, 'added'>,
    fetch: (layer: Manifest['artefacts'][number], file: string) => Promise<void>,
  ): Promise<Kept> {
    const layers = layersOf(release.manifest)
    for (const layer of layers) {
      const file = this.#layer(layer.sha256)
      if (await isSound(file, layer)) continue
      await makeAtomic(file, async (unfinished) => {
        await fetch(layer, unfinished)
        if (await isSound(unfinished, layer)) return
        throw new UserError(
          `the layer ${layer.name} of release ${release.number} does not match its manifest`,
        )
      })
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

  /** Stores a build under the next number. */
  async addBuilt(release: Release): Promise<Kept> {
    const number = Math.max(0, ...(await this.#numbers())) + 1
    return this.add({ number, manifest: release.manifest }, ({ name }, file) =>
      linkOrCopy(artefactPath(release, name), file),
    )
  }

  /** Returns the names of layers that are damaged or missing. */
  async damage({ manifest }: Kept): Promise<string[]> {
    const broken: string[] = []
    for (const layer of layersOf(manifest)) {
      if (!(await isSound(this.#layer(layer.sha256), layer))) broken.push(layer.name)
    }
    return broken
  }

  /** Removes all but the newest `most` releases and those named, then layers that no release uses. */
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

/** Returns the layers that a machine boots from. @throws {UserError} if the manifest lacks one */
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

/** A build never writes to a finished file, so a link is as good as a copy. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE))
}
