import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hashFile } from '../lib/artefact.ts'
import { UserError } from '../lib/errors.ts'
import { log, progress } from '../lib/log.ts'
import { downloadPackagedSource, packagedSourceOffered } from './apt.ts'

/** `kernel/source.json`: the one pinned line, hash beside version. */
export interface Pin {
  series: string
  tarball: { version: string; url: string; sha256: string }
  distribution: { package: string; atLeast: string }
}

/** A kernel source on this machine: an unpacked tree or a tarball of one. */
export interface Source {
  kind: 'tree' | 'tarball'
  path: string
  /** Where it came from, for the log and the manifest. */
  origin: string
}

/**
 * Brings the kernel's source to this machine.
 *
 * @param source `kernel.source` of the configuration
 * @param folder where downloads are kept, checked again each time they are used
 * @throws {UserError} when no source answers, naming each and why
 */
export async function findSource(source: string, pin: Pin, folder: string): Promise<Source> {
  await mkdir(folder, { recursive: true })
  if (source === 'tarball') return fromTarball(pin, folder)
  if (source === 'distribution') return fromDistribution(pin, folder)
  if (source !== 'auto') return fromPath(source)
  return firstOf(pin, folder)
}

/** The distribution first: its source is newer than the pin, and signed. */
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
  throw new UserError('no source for the kernel could be had', {
    hint: `${refusals.join('\n')}\n\nor set "kernel": { "source": "/path/to/linux-${pin.series}" } in config/system.json`,
  })
}

async function fromPath(source: string): Promise<Source> {
  const path = resolve(source)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    throw new UserError(`kernel.source: there is nothing at ${path}`, {
      hint: 'a path to an unpacked kernel tree or to a tarball of one, or: auto, tarball, distribution',
    })
  }
  return { kind: found.isDirectory() ? 'tree' : 'tarball', path, origin: path }
}

async function fromDistribution(pin: Pin, folder: string): Promise<Source> {
  const { package: name, atLeast } = pin.distribution
  const path = join(folder, `${name}-${atLeast}.tar.xz`)
  const origin = `the distribution's ${name}`
  const kept = await stat(path).catch(() => undefined)
  if (kept === undefined) {
    packagedSourceOffered()
    const line = progress(`Downloading ${origin}`)
    await downloadPackagedSource(pin.distribution, path, line)
    line.done('signature checked by apt')
  }
  return { kind: 'tarball', path, origin }
}

async function fromTarball({ tarball }: Pin, folder: string): Promise<Source> {
  const path = join(folder, `linux-${tarball.version}.tar.xz`)
  const origin = tarball.url
  const kept = await stat(path).catch(() => undefined)
  if (kept !== undefined) {
    if ((await hashFile(path)) === tarball.sha256) return { kind: 'tarball', path, origin }
    log.warn(`${path} is damaged and is downloaded again`)
    await rm(path)
  }
  await download(tarball.url, path, tarball.sha256)
  return { kind: 'tarball', path, origin }
}

async function download(url: string, path: string, sha256: string): Promise<void> {
  const unfinished = `${path}.unfinished`
  const line = progress(`Downloading ${url}`)
  try {
    const response = await request(url)
    const total = Number(response.headers.get('content-length') ?? 0)
    let received = 0
    const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream)
    body.on('data', (chunk: Uint8Array) => {
      received += chunk.length
      const share = total > 0 ? ` of ${(total / 1e6).toFixed(0)}` : ''
      line.update(`${(received / 1e6).toFixed(0)}${share} MB`)
    })
    await pipeline(body, createWriteStream(unfinished))
    const actual = await hashFile(unfinished)
    if (actual !== sha256) {
      throw new UserError(`${url} is not the pinned kernel source`, {
        hint: `its SHA-256 is     ${actual}\nkernel/source.json: ${sha256}\n\nnothing was kept; do not build from it`,
      })
    }
    await rename(unfinished, path)
    line.done(`${(received / 1e6).toFixed(0)} MB, SHA-256 as pinned`)
  } finally {
    await rm(unfinished, { force: true })
  }
}

async function request(url: string): Promise<Response> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30 * 60_000) })
    if (response.ok && response.body !== null) return response
    throw new Error(`it answers ${response.status} ${response.statusText}`)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new UserError(
      `could not download ${url}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { hint: 'check the network, or set kernel.source to "distribution" or to a path', cause: error },
    )
  }
}
