import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashText } from '../../../build/pipeline/artefact.ts'
import { UserError } from '../../../config/lib/errors.ts'
import { writeJson } from '../../whole.ts'
import type { Machine } from '../../qemu/machine.ts'
import { isRunning, markProcess, type ProcessMark } from '../../qemu/process.ts'

/** What is remembered of the machine that was deployed. */
export interface State extends Machine {
  name: string
  /** ISO 8601. */
  deployed: string
  /** Where the app and its health check answer, when ports lead there. */
  url?: string
  health?: string
  /** Seconds that a drain may take. */
  drainTimeout: number
  memory: number
  /** Of the release; none until it was healthy. */
  number?: number
  /** From power-on until it was healthy. */
  seconds?: number
}

/** The last deployed machine, running or not; none when nothing readable is left of it. */
export async function readState(folder: string): Promise<State | undefined> {
  return readJson<State>(join(folder, 'state.json'))
}

async function readJson<T>(file: string): Promise<T | undefined> {
  return parse(await readText(file)) as T | undefined
}

function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined)
}

function parse(text = ''): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function writeState(folder: string, state: State): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeJson(join(folder, 'state.json'), state)
}

export async function forgetState(folder: string): Promise<void> {
  await rm(join(folder, 'state.json'), { force: true })
}

/**
 * Runs `body` while no other deploy or stop of this folder can.
 *
 * @throws {UserError} when another one is at it
 */
export async function locked<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const file = join(folder, 'lock')
  await mkdir(folder, { recursive: true })
  const self = markProcess(process.pid)
  if (self !== undefined) await takeLock(file, self)
  try {
    return await body()
  } finally {
    await rm(file, { force: true })
  }
}

/**
 * Takes a lock for a process: it holds until the file is removed or the process ends.
 *
 * @throws {UserError} when a process that runs has it
 */
export async function takeLock(file: string, owner: ProcessMark): Promise<void> {
  const own = `${file}.${randomUUID()}`
  await writeFile(own, JSON.stringify(owner))
  try {
    while (!(await takes(file, own, owner)));
  } finally {
    await rm(own, { force: true })
  }
}

/** One try. Whoever finds the lock of a dead process must have a lock on that one before he takes its place. */
async function takes(file: string, own: string, owner: ProcessMark): Promise<boolean> {
  if (await links(own, file)) return true
  const dead = await readText(file)
  if (dead === undefined) return false
  const holder = parse(dead) as ProcessMark | undefined
  if (holder !== undefined && isRunning(holder)) {
    throw new UserError(`another deploy is running (pid ${holder.pid})`, {
      hint: `wait until it ends, or end it: kill ${holder.pid}`,
    })
  }
  const succession = `${file}.after-${hashText(dead).slice(0, 16)}`
  await takeLock(succession, owner)
  try {
    if ((await readText(file)) !== dead) return false
    await rename(own, file)
    return true
  } finally {
    await rm(succession, { force: true })
  }
}

/** Gives a file a second name, unless that is taken. */
async function links(own: string, name: string): Promise<boolean> {
  try {
    await link(own, name)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
