import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { hashFile, hashText } from '../../config/lib/hash.ts'
import { byAge, sweep } from '../pipeline/cache.ts'
import { download } from '../pipeline/download.ts'
import type { EntryPin } from '../pipeline/pins.ts'
import { UserError } from '../../config/lib/errors.ts'
import { log, progress } from '../../config/lib/log.ts'
import { downloadPackagedSource, requireApt } from './apt.ts'

/** `kernel/source.json`: a version on kernel.org with its hash, and the distribution's package, which is preferred. */
export interface Pin {
  series: string
  tarball: { version: string; url: string; sha256: string }
  distribution: { package: string; atLeast: string }
}

/** Reads the pin of a repository. */
export function readPin(repository: string): Pin {
  return JSON.parse(readFileSync(join(repository, 'kernel/source.json'), 'utf8')) as Pin
}

/** A kernel source: an unpacked tree or a tarball of one. */
export interface Source {
  kind: 'tree' | 'tarball'
  path: string
  /** Where it comes from, for the log. */
  origin: string
  /** Identifies its content, for the cache key and the manifest. */
  identity: string
  /** Of a cached tarball. */
  sha256?: string
  /** Where it can be downloaded again. */
  url?: string
}

/** The number of tarballs that are kept: those used last. */
const keptTarballs = 2

/**
 * Returns the kernel's source as far as it is known without a network.
 *
 * @param setting `kernel.source` of the configuration
 * @param folder where downloads are kept
 * @returns undefined if it must be downloaded first
 * @throws {UserError} when there is nothing at a path
 */
export async function knownSource(setting: string, pin: Pin, folder: string): Promise<Source | undefined> {
  if (setting === 'tarball') return pinnedTarball(pin, folder)
  if (setting === 'distribution') return cachedPackage(pin, folder)
  if (setting !== 'auto') return atPath(setting)
  const tarball = pinnedTarball(pin, folder)
  return (await cachedPackage(pin, folder)) ?? (existsSync(tarball.path) ? tarball : undefined)
}

/**
 * Returns the kernel's source. Downloads the package of the distribution, unless it is cached.
 *
 * @throws {UserError} when no source is available, with the reasons
 */
export async function findSource(setting: string, pin: Pin, folder: string): Promise<Source> {
  await mkdir(folder, { recursive: true })
  await sweep(folder)
  const known = await knownSource(setting, pin, folder)
  if (known !== undefined) return known
  return setting === 'distribution' ? fromDistribution(pin, folder) : firstOf(pin, folder)
}

/**
 * Downloads a source unless it is cached, and verifies its hash.
 *
 * @throws {UserError} when it is corrupt or cannot be downloaded
 */
export async function fetchSource({ path, sha256, url }: Source): Promise<void> {
  if (sha256 === undefined) return
  const actual = await hashFile(path).catch(() => undefined)
  if (actual !== sha256) {
    await forget(path)
    if (url === undefined) {
      throw new UserError(`${path} was corrupt and has been removed`, {
        hint: 'npm run build   downloads it again',
      })
    }
    if (actual !== undefined) log.warn(`${path} is corrupt: downloading it again`)
    await downloadTarball(url, path, sha256)
  }
  await removeOldTarballs(path)
}

/**
 * Lists the sources that pinned kernels were made from, as far as a setting and the pin of the source allow them:
 * their kernels can be taken from a store without the source.
 */
export function pinnedSources(setting: string, pin: Pin, kernels: Iterable<EntryPin>): string[] {
  const { package: name, atLeast } = pin.distribution
  const tarball = pinnedTarball(pin, '').identity
  const allowed = [...kernels].filter(({ inputs, source }) => {
    if (inputs['source'] === tarball) return setting !== 'distribution'
    return setting !== 'tarball' && source?.name === name && compareVersions(source.version, atLeast) >= 0
  })
  allowed.sort((a, b) => compareVersions(b.source?.version ?? '', a.source?.version ?? ''))
  return [...new Set(allowed.flatMap(({ inputs: { source } }) => source ?? []))]
}

function compareVersions(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}

/** Tries the distribution first: its source is newer than the pin, and signed. */
async function firstOf(pin: Pin, folder: string): Promise<Source> {
  const refusals: string[] = []
  for (const attempt of [fromDistribution, fromTarball]) {
    try {
      return await attempt(pin, folder)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      refusals.push(error.message)
    }
  }
  throw new UserError('no kernel source is available', {
    hint: `${refusals.join('\n')}\n\nor set "kernel": { "source": "/path/to/linux-${pin.series}" } in config/system.json`,
  })
}

async function atPath(setting: string): Promise<Source> {
  const path = resolve(setting)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    throw new UserError(`kernel.source: ${path} does not exist`, {
      hint: 'allowed: "auto", "tarball", "distribution", or the path of a kernel tree or tarball',
    })
  }
  return found.isDirectory()
    ? { kind: 'tree', path, origin: path, identity: `tree ${treeDigest(path)}` }
    : { kind: 'tarball', path, origin: path, identity: `tarball sha256:${await hashFile(path)}` }
}

/** Hashes names, sizes and times of a tree; hashing all bytes would take too long. */
function treeDigest(tree: string): string {
  const lines: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(tree, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== '.git') walk(path)
        continue
      }
      const { size, mtimeMs, mode } = lstatSync(join(tree, path))
      lines.push(`${path} ${size} ${mtimeMs} ${mode}\n`)
    }
  }
  walk('.')
  return hashText(lines.sort().join(''))
}

async function fromDistribution(pin: Pin, folder: string): Promise<Source> {
  const { package: name } = pin.distribution
  requireApt()
  const line = progress(`Downloading the distribution's ${name}`)
  const path = packagePath(pin, folder)
  await downloadPackagedSource(pin.distribution, path, line)
  line.done('signature verified by apt')
  return packaged(name, path, await note(path))
}

/** Returns the distribution's source if it is cached. */
async function cachedPackage(pin: Pin, folder: string): Promise<Source | undefined> {
  const path = packagePath(pin, folder)
  if (!existsSync(path)) return undefined
  const noted = await readFile(`${path}.sha256`, 'utf8').catch(() => '')
  const [sha256 = ''] = /^[0-9a-f]{64}/.exec(noted) ?? []
  return packaged(pin.distribution.package, path, sha256 === '' ? await note(path) : sha256)
}

function packagePath({ distribution: { package: name, atLeast } }: Pin, folder: string): string {
  return join(folder, `${name}-${atLeast}.tar.xz`)
}

function packaged(name: string, path: string, sha256: string): Source {
  const identity = `${name} sha256:${sha256}`
  return { kind: 'tarball', path, origin: `the distribution's ${name}`, identity, sha256 }
}

/** Writes a file's SHA-256 beside it, as sha256sum does. */
async function note(path: string): Promise<string> {
  const sha256 = await hashFile(path)
  await writeFile(`${path}.sha256`, `${sha256}  ${basename(path)}\n`)
  return sha256
}

function pinnedTarball({ tarball: { version, url, sha256 } }: Pin, folder: string): Source {
  const path = join(folder, `linux-${version}.tar.xz`)
  return { kind: 'tarball', path, origin: url, identity: `linux-${version} sha256:${sha256}`, sha256, url }
}

async function fromTarball(pin: Pin, folder: string): Promise<Source> {
  const source = pinnedTarball(pin, folder)
  await fetchSource(source)
  return source
}

/** Marks a tarball as used, and removes those not used for longest. */
async function removeOldTarballs(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now)
  const folder = dirname(path)
  const tarballs = await byAge(folder, (name) => name.endsWith('.tar.xz'))
  for (const { name } of tarballs.slice(keptTarballs)) await forget(join(folder, name))
}

/** Finds a downloaded tarball by its SHA-256. */
export async function findTarball(folder: string, sha256: string): Promise<string | undefined> {
  for (const { name } of await byAge(folder, (name) => name.endsWith('.tar.xz')).catch(() => [])) {
    if ((await hashFile(join(folder, name))) === sha256) return join(folder, name)
  }
  return undefined
}

async function forget(path: string): Promise<void> {
  for (const file of [path, `${path}.sha256`]) await rm(file, { force: true })
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

async function downloadTarball(url: string, path: string, sha256: string): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}-${process.pid}`)
  const line = progress(`Downloading ${url}`)
  try {
    const received = await download(url, unfinished, {
      update: (bytes, total) =>
        line.update(`${megabytes(bytes)}${total === undefined ? '' : ` of ${megabytes(total)}`} MB`),
    }).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error
      const hint = 'check the network, or set kernel.source to "distribution" or to a path'
      throw new UserError(error.message, { hint, cause: error })
    })
    const actual = await hashFile(unfinished)
    if (actual !== sha256) {
      throw new UserError(`${url} is not the pinned kernel source`, {
        hint: `its SHA-256 is     ${actual}\nkernel/source.json: ${sha256}\n\nthe download was deleted; do not build from it`,
      })
    }
    await rename(unfinished, path)
    line.done(`${megabytes(received)} MB, SHA-256 as pinned`)
  } finally {
    await rm(unfinished, { force: true })
  }
}
