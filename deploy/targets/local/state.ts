import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readOwnJson, writeJson } from '../../../config/lib/json.ts'
import { withLock } from '../../../config/lib/lock.ts'
import type { Machine } from '../../qemu/machine.ts'

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
  return readOwnJson<State>(join(folder, 'state.json'))
}

export async function writeState(folder: string, state: State): Promise<void> {
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
export function locked<T>(folder: string, body: () => Promise<T>): Promise<T> {
  return withLock(join(folder, 'lock'), { holder: 'another deploy' }, body)
}
