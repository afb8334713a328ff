import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { hasCode, UserError } from '../../config/lib/errors.ts'
import { hashFile } from '../../config/lib/hash.ts'
import { log, progress } from '../../config/lib/log.ts'
import { formatBytes } from '../../config/lib/units.ts'
import { download, type DownloadOptions, NotFoundError, offers } from './download.ts'
import { type EntryPin, readPin } from './pins.ts'

/** Foreign stores of finished artefacts, and what may be taken from them. */
export interface Stores {
  /** Folders or `https:` URLs, in the order in which they are searched. */
  others: string[]
  /** Folder of the pins; without it, nothing is taken from other stores. */
  pins?: string
  /** Limits of downloads, for tests. */
  download?: Pick<DownloadOptions, 'stallMs' | 'retryMs'>
}

/** An artefact that takes longer to download shows its progress. */
const quietMs = 2000

/** Stores that did not respond, which this process does not try again: each attempt takes time. */
const unreachable = new Set<string>()

/**
 * Reads the list of stores of `NODEOS_CACHE`: separated by commas.
 *
 * @throws {UserError} for one that is neither a folder nor an https: URL
 */
export function parseStores(text: string): string[] {
  const stores = text.split(/[,\n]/).map((store) => store.trim().replace(/\/+$/, ''))
  return stores.filter(Boolean).map((store) => {
    if (isAbsolute(store)) return store
    const url = URL.parse(store)
    if (url === null) throw invalidStore(`${store} is neither an absolute path nor a URL`)
    if (url.protocol !== 'https:')
      throw invalidStore(`${store} is not secure: others could read what is fetched`)
    if (url.username !== '' || url.password !== '')
      throw invalidStore(`${url.host}: a URL must not contain a password`)
    if (url.search !== '' || url.hash !== '') throw invalidStore(`${store} must end with a path`)
    return store
  })
}

function invalidStore(reason: string): UserError {
  return new UserError(`NODEOS_CACHE: ${reason}`, {
    hint: 'allowed: absolute paths and https: URLs, separated by commas',
  })
}

/**
 * Copies an entry's files into `into` from the first store that has exactly the bytes that are pinned.
 * Logs why an entry is refused.
 *
 * @returns the store; undefined if none has the entry
 */
export async function fetchPinned(
  stores: Stores,
  key: string,
  into: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const options = { ...stores.download, ...(signal === undefined ? {} : { signal }) }
  const pin = stores.pins === undefined ? undefined : await readPin(stores.pins, key)
  for (const store of stores.others) {
    if (unreachable.has(store)) continue
    if (pin === undefined) await refuseUnknown(store, key)
    else if (await fetchFrom(store, key, pin, into, options)) return store
  }
  return undefined
}

/** Returns whether a store seems to have a pinned entry: its bytes are compared when they are fetched. */
export async function isOffered({ others, pins }: Stores, key: string): Promise<boolean> {
  const pin = pins === undefined ? undefined : await readPin(pins, key)
  const [smallest] = Object.entries(pin?.files ?? {}).sort(([, a], [, b]) => a.bytes - b.bytes)
  if (smallest === undefined) return false
  const [name, { bytes }] = smallest
  for (const store of others.filter((each) => !unreachable.has(each))) {
    const place = placeOf(store, key, name)
    if (!isUrl(store)) {
      if ((await stat(place).catch(() => undefined))?.size === bytes) return true
    } else if (await offers(place, bytes).catch((error: unknown) => giveUp(store, error))) return true
  }
  return false
}

function giveUp(store: string, error: unknown): false {
  unreachable.add(store)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  log.warn(`the store ${store} is ignored: ${cause instanceof Error ? cause.message : String(cause)}`)
  return false
}

async function fetchFrom(
  store: string,
  key: string,
  pin: EntryPin,
  into: string,
  options: Omit<DownloadOptions, 'bytes' | 'update'>,
): Promise<boolean> {
  const files = Object.entries(pin.files)
  const total = files.reduce((sum, [, { bytes }]) => sum + bytes, 0)
  const show = lazyProgress(`Fetching ${key} from ${store}`, total)
  try {
    await makeAtomic(into, async (unfinished) => {
      await mkdir(unfinished)
      let before = 0
      for (const [name, { bytes, sha256 }] of files) {
        const path = join(unfinished, name)
        const start = before
        const update = (received: number): void => show.update(start + received)
        await copyFrom(placeOf(store, key, name), path, { ...options, bytes, update })
        const actual = await hashFile(path)
        if (actual !== sha256) throw new UserError(`${name} has SHA-256 ${actual}, pinned is ${sha256}`)
        before += bytes
      }
    })
    show.done()
    return true
  } catch (error) {
    options.signal?.throwIfAborted()
    const missing = error instanceof NotFoundError || hasCode(error, 'ENOENT')
    if (missing && !(await hasFolder(store, key))) return false
    if (!(error instanceof Error) || !(error instanceof UserError || missing)) throw error
    log.warn(`${key} of the store ${store} is refused: ${error.message}`)
    // Errors with a cause are those of the network.
    if (error.cause !== undefined) unreachable.add(store)
    return false
  }
}

async function copyFrom(
  place: string,
  path: string,
  options: DownloadOptions & { bytes: number },
): Promise<void> {
  if (isUrl(place)) return void (await download(place, path, options))
  const { size } = await stat(place)
  if (size !== options.bytes) throw new UserError(`${place} has ${size} bytes, expected ${options.bytes}`)
  await pipeline(createReadStream(place), createWriteStream(path))
}

/** A folder that is another user's cache may have much more than is pinned; a server is not asked for it. */
async function refuseUnknown(store: string, key: string): Promise<void> {
  if (!(await hasFolder(store, key))) return
  log.warn(`${key} of the store ${store} is refused: it is not pinned (npm run store -- add <folder> --pin)`)
}

async function hasFolder(store: string, key: string): Promise<boolean> {
  return !isUrl(store) && (await stat(join(store, key)).catch(() => undefined)) !== undefined
}

function placeOf(store: string, key: string, name: string): string {
  return `${store}/${key}/${name}`
}

function isUrl(store: string): boolean {
  return store.startsWith('https:')
}

/** A progress line that appears only if the work takes longer than two seconds. */
function lazyProgress(label: string, total: number): { update(received: number): void; done(): void } {
  const started = Date.now()
  let line: ReturnType<typeof progress> | undefined
  return {
    update(received) {
      if (Date.now() - started < quietMs) return
      line ??= progress(label)
      line.update(`${formatBytes(received)} of ${formatBytes(total)}`)
    },
    done: () => line?.done(formatBytes(total)),
  }
}
