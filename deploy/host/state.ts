import { join } from 'node:path'
import type { Booted } from './machine.ts'
import { writeJson } from '../../config/lib/json.ts'
import { type Home, readJson } from './home.ts'

/** What is remembered of an appliance. */
export interface State {
  /** The machine that serves. */
  current?: Booted
  /** Number of the release that served before it. */
  previous?: number
  /** Number of the newest release that was ever taken. */
  highest: number
  /** What a release writes that does not serve yet, in the place of one whose data are kept: it may have to be undone. */
  handover?: { from: number; to: number }
  /** Whether its owner stopped it. */
  stopped?: boolean
  /** How often its machine has ended by itself and was started again. */
  restarts: number
}

export const newState: State = { highest: 0, restarts: 0 }

export async function readState(home: Home, name: string): Promise<State> {
  return { ...newState, ...(await readJson<State>(stateFile(home, name))) }
}

export async function writeState(home: Home, name: string, state: State): Promise<void> {
  await writeJson(stateFile(home, name), state)
}

function stateFile(home: Home, name: string): string {
  return join(home.folder(name), 'state.json')
}
