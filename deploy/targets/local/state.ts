import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../../build/lib/errors.ts'
import type { Machine } from './machine.ts'
import { isRunning, markProcess, type ProcessMark } from './process.ts'

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
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch {
    return undefined
  }
}

export async function writeState(folder: string, state: State): Promise<void> {
  const file = join(folder, 'state.json')
  await mkdir(folder, { recursive: true })
  await writeFile(`${file}.unfinished`, `${JSON.stringify(state, null, 2)}\n`)
  await rename(`${file}.unfinished`, file)
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
  const holder = await readJson<ProcessMark>(file)
  if (holder !== undefined && isRunning(holder)) {
    throw new UserError(`another deploy is at work (pid ${holder.pid})`, {
      hint: `wait for it, or end it: kill ${holder.pid}`,
    })
  }
  await rm(file, { force: true })
  const lock = await open(file, 'wx').catch((error: unknown) => {
    throw new UserError('another deploy has just begun', { hint: 'wait for it', cause: error })
  })
  await lock.writeFile(JSON.stringify(owner))
  await lock.close()
}
