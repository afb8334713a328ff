import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hasCode, UserError } from './errors.ts'
import { hashText } from './hash.ts'
import { parseOr } from './json.ts'
import { isRunning, markProcess, type ProcessMark } from './process.ts'

const retryMs = 200

export interface LockOptions {
  /** Called once when another process holds the lock; then the lock is awaited. Without it, a held lock is an error. */
  waiting?: () => void
  /** Names in the error what holds the lock. Default: `another process`. */
  holder?: string
}

/**
 * Runs `body` while this process holds a lock. The lock is a file that names its holder, so that an error can name it
 * and a push can hold one that its hook took; it is void when the holder ends, however that ends. proper-lockfile needs
 * a heartbeat for that.
 *
 * @throws {UserError} when another process holds it, unless `waiting` is given
 */
export async function withLock<T>(file: string, options: LockOptions, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  await acquire(file, options)
  try {
    return await body()
  } finally {
    await rm(file, { force: true })
  }
}

async function acquire(file: string, { waiting, holder }: LockOptions): Promise<void> {
  const self = markProcess(process.pid)
  if (self === undefined) throw new Error('/proc has no entry for this process')
  for (let waited = false; ; waited = true) {
    const pid = await tryLock(file, self)
    if (pid === undefined) return
    if (waiting === undefined) throw lockError(pid, holder)
    if (!waited) waiting()
    await wait(retryMs)
  }
}

/**
 * Takes a lock for a process: it holds until the file is removed or that process ends.
 *
 * @throws {UserError} when a running process holds it
 */
export async function takeLock(file: string, owner: ProcessMark, holder?: string): Promise<void> {
  const pid = await tryLock(file, owner)
  if (pid !== undefined) throw lockError(pid, holder)
}

function lockError(pid: number, holder = 'another process'): UserError {
  return new UserError(`${holder} is running (pid ${pid})`, {
    hint: `wait until it ends, or end it: kill ${pid}`,
  })
}

/** Takes a lock; returns the id of the process that holds it instead, if one does. */
async function tryLock(file: string, owner: ProcessMark): Promise<number | undefined> {
  const own = `${file}.${randomUUID()}`
  await writeFile(own, JSON.stringify(owner))
  try {
    for (;;) {
      const held = await attempt(file, own, owner)
      if (held !== 'changed') return held
    }
  } finally {
    await rm(own, { force: true })
  }
}

/** Tries once. Before a lock of a dead process is replaced, the replacement itself is locked: two may try. */
async function attempt(
  file: string,
  own: string,
  owner: ProcessMark,
): Promise<number | 'changed' | undefined> {
  if (await links(own, file)) return undefined
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found === undefined) return 'changed'
  const holder = parseOr<ProcessMark | undefined>(found, undefined)
  if (holder !== undefined && isRunning(holder)) return holder.pid
  const succession = `${file}.after-${hashText(found).slice(0, 16)}`
  const other = await tryLock(succession, owner)
  if (other !== undefined) return other
  try {
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== found) return 'changed'
    await rename(own, file)
    return undefined
  } finally {
    await rm(succession, { force: true })
  }
}

/** Gives a file a second name, unless that exists. */
async function links(own: string, name: string): Promise<boolean> {
  try {
    await link(own, name)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}
