import { randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { hasCode, UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import { root } from '../../config/lib/paths.ts'
import { fetchPinned, isOffered, parseStores, type Stores } from './stores.ts'

/** The files of a cache entry with their SHA-256, so that a corrupt entry is noticed. */
interface Index {
  version: 1
  files: Record<string, string>
}

/** The stores of finished artefacts. */
export interface Cache extends Stores {
  /** Our own store, which is written to. */
  own: string
}

const indexName = 'index.json'

/** The number of entries of a kind that are kept, those used last: ten runtime layers take half a gigabyte. */
export const keptEntries = 10

/** Unfinished work older than this, in milliseconds, is abandoned. */
const abandonedMs = 24 * 3600 * 1000

/**
 * Reads the stores from the environment: `XDG_CACHE_HOME` for ours, `NODEOS_CACHE` for further ones.
 *
 * @throws {UserError} for a store that is not secure
 */
export function cacheFrom(env: NodeJS.ProcessEnv): Cache {
  return {
    own: join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nodeos'),
    others: parseStores(env['NODEOS_CACHE'] ?? ''),
    pins: join(root, 'build/pins'),
  }
}

/**
 * Copies an entry's files into `into`, from our own store. A corrupt entry is reported and removed.
 *
 * @returns whether the entry was found
 */
export async function fetchOwn({ own }: Pick<Cache, 'own'>, key: string, into: string): Promise<boolean> {
  await markUsed(join(own, key))
  try {
    const index = await readIndex(own, key)
    if (index === undefined) return false
    await makeAtomic(into, async (unfinished) => {
      await mkdir(unfinished)
      for (const [name, sha256] of Object.entries(index.files)) {
        if (name !== basename(name)) throw new Error(`its index names ${name}`)
        const path = join(unfinished, name)
        await cp(join(own, key, name), path)
        const actual = await hashFile(path)
        if (actual !== sha256) throw new Error(`${name} has SHA-256 ${actual}, its index says ${sha256}`)
      }
    })
    return true
  } catch (error) {
    if (hasCode(error, 'ENOSPC', 'EDQUOT')) throw error
    const reason = error instanceof Error ? error.message : String(error)
    log.warn(`cache entry ${key} in ${own} is unusable and ignored: ${reason}`)
    await discard(own, key).catch(() => undefined)
    return false
  }
}

/**
 * Copies an entry's files into `into` from another store, and keeps them in ours.
 *
 * @returns the store; undefined if none has the entry
 */
export async function fetchOther(
  cache: Cache,
  key: string,
  into: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const store = await fetchPinned(cache, key, into, signal)
  if (store !== undefined) await storeEntry(cache, key, into)
  return store
}

/** Returns whether our own store has an entry, or another offers it. */
export async function hasEntry(cache: Cache, key: string): Promise<boolean> {
  const index = await readIndex(cache.own, key).catch(() => undefined)
  return index !== undefined || isOffered(cache, key)
}

/** Stores the files of the folder `from` under `key`: all of them or, when interrupted, none. */
export async function storeEntry(cache: Cache, key: string, from: string): Promise<void> {
  const unfinished = join(cache.own, `.unfinished-${key}-${randomBytes(4).toString('hex')}`)
  try {
    await mkdir(unfinished, { recursive: true })
    const index: Index = { version: 1, files: {} }
    for (const name of (await readdir(from)).sort()) {
      await cp(join(from, name), join(unfinished, name))
      index.files[name] = await hashFile(join(unfinished, name))
    }
    await writeFile(join(unfinished, indexName), JSON.stringify(index))
    await discard(cache.own, key)
    await rename(unfinished, join(cache.own, key)).catch(unlessExists)
    await tidy(cache.own, key)
  } catch (error) {
    throw new UserError(
      `could not write ${key} to the cache ${cache.own}: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'free some space there, or set XDG_CACHE_HOME to another folder', cause: error },
    )
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** Marks an entry as used, so that it is removed last; a read-only store cannot record this. */
async function markUsed(entry: string): Promise<void> {
  const now = new Date()
  await utimes(entry, now, now).catch(() => undefined)
}

/** Removes the entries of a key's kind that were not used for longest, and what killed builds have left. */
async function tidy(store: string, key: string): Promise<void> {
  const kind = key.slice(0, key.lastIndexOf('-') + 1)
  const entries = await byAge(store, (name) => name.startsWith(kind))
  for (const { name } of entries.slice(keptEntries)) await discard(store, name)
  await sweep(store)
}

/** Removes unfinished work (names with a dot) that is older than any build takes. */
export async function sweep(folder: string): Promise<void> {
  const unfinished = await byAge(folder, (name) => name.startsWith('.'))
  for (const { name, time } of unfinished) {
    if (Date.now() - time > abandonedMs) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Lists names in a folder, the youngest first; another build may remove some at the same time. */
export async function byAge(
  folder: string,
  chosen: (name: string) => boolean,
): Promise<{ name: string; time: number }[]> {
  const names = (await readdir(folder)).filter(chosen)
  const found = await Promise.all(
    names.map(async (name) => ({
      name,
      time: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs,
    })),
  )
  return found
    .flatMap(({ name, time }) => (time === undefined ? [] : [{ name, time }]))
    .sort((a, b) => b.time - a.time)
}

/** Removes an entry at once: a reader finds it complete or not at all. */
async function discard(store: string, key: string): Promise<void> {
  const gone = join(store, `.unfinished-${key}-${randomBytes(4).toString('hex')}`)
  await rename(join(store, key), gone).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error
  })
  await rm(gone, { recursive: true, force: true })
}

/** Another build may have stored the same entry. */
function unlessExists(error: unknown): void {
  if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
}

async function readIndex(store: string, key: string): Promise<Index | undefined> {
  const path = join(store, key, indexName)
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? undefined : (JSON.parse(await readFile(path, 'utf8')) as Index)
}
