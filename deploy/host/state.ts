import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { readOwnJson, writeJson } from '../../config/lib/json.ts'
import type { Home } from './home.ts'
import type { Booted } from './machine.ts'
import type { Kept } from '../release/store.ts'

/** The stored state of an appliance. */
export interface State {
  /** The machine that serves. */
  current?: Booted
  /** Number of the release that served before it. */
  previous?: number
  /** Number of the newest release that this host ever accepted. */
  highest: number
  /** A release that may write to the data and does not serve yet: its changes may have to be undone. */
  handover?: { from: number; to: number }
  /** Whether the owner stopped the appliance. */
  stopped?: boolean
  /** How often the machine ended by itself and was restarted. */
  restarts: number
}

/** The next step of an appliance. */
export type Step =
  | { do: 'nothing' }
  /** The candidate serves, or is dropped: its push ended. */
  | { do: 'commit' }
  | { do: 'abandon' }
  /** The release on the branch replaces the one that serves: the service was killed in between. */
  | { do: 'replace'; number: number }
  /** The machine that serves ended by itself. */
  | { do: 'restart'; machine: Booted }

/** The facts that the next step depends on. */
export interface Facts {
  state: State
  /** The newest release on the branch, if this host can boot it. */
  branch: Pick<Kept, 'number' | 'commit'> | undefined
  /** A healthy release that does not serve yet. */
  candidate?: { commit: string | undefined; pushing: boolean } | undefined
  /** The release on the branch that did not become healthy. */
  failed: number | undefined
  isRunning: (machine: Booted) => boolean
}

export const newState: State = { highest: 0, restarts: 0 }

/** Decides what an appliance does next: the branch has the last word. */
export function nextStep({ state, branch, candidate, failed, isRunning }: Facts): Step {
  if (candidate?.pushing === true) return { do: 'nothing' }
  if (candidate !== undefined) {
    const accepted = branch !== undefined && branch.commit === candidate.commit
    return { do: accepted ? 'commit' : 'abandon' }
  }
  const { current, stopped } = state
  if (stopped === true) return { do: 'nothing' }
  const number = overdue(state, branch?.number, failed)
  if (number !== undefined) return { do: 'replace', number }
  if (current !== undefined && !isRunning(current)) return { do: 'restart', machine: current }
  return { do: 'nothing' }
}

/** Returns the release on the branch, if another one serves and it has not failed yet. */
export function overdue(
  { current }: State,
  branch: number | undefined,
  failed: number | undefined,
): number | undefined {
  return branch === current?.number || branch === failed ? undefined : branch
}

/** Returns the release that should run when the service starts. */
export function wanted({ stopped, current }: State, branch: number | undefined): number | undefined {
  return stopped === true ? undefined : (branch ?? current?.number)
}

/** Lists the releases to start, in this order, until one becomes healthy. */
export function startOrder(first: number, { current, previous }: State): number[] {
  return [...new Set([first, current?.number, previous].filter((number) => number !== undefined))]
}

/** Returns the ports on which the appliance listens. */
export function publishedBy({ current, stopped }: State): Booted['published'] {
  return stopped === true ? [] : (current?.published ?? [])
}

/** Returns the state after traffic moved to a machine. */
export function served({ current, previous, highest, restarts }: State, machine: Booted): State {
  const replaced = current === undefined || current.number === machine.number ? previous : current.number
  return {
    current: machine,
    ...(replaced === undefined ? {} : { previous: replaced }),
    highest: Math.max(highest, machine.number),
    restarts,
  }
}

/** Returns the state after the appliance was destroyed: its data may stay, with changes to undo. */
export function forgotten({ highest, handover }: State): State {
  return { ...newState, highest, stopped: true, ...(handover === undefined ? {} : { handover }) }
}

/** Reads the state of an appliance; a damaged one is as good as none. */
export async function readState(home: Home, name: string): Promise<State> {
  return { ...newState, ...(await readOwnJson<State>(stateFile(home, name))) }
}

/** Writes the state of an appliance. */
export async function writeState(home: Home, name: string, state: State): Promise<void> {
  await writeJson(stateFile(home, name), state)
}

function stateFile(home: Home, name: string): string {
  return join(home.folder(name), 'state.json')
}

const retryMs = 50

/** Ensures that one change of an appliance runs at a time. */
export class ChangeLock {
  #running: string | undefined

  /** Describes the change that runs. */
  get running(): string | undefined {
    return this.#running
  }

  /** Runs a change. @throws {UserError} when another one runs */
  async now<T>(what: string, body: () => Promise<T>): Promise<T> {
    requireIdle(this.#running)
    return this.#run(what, body)
  }

  /** Runs a change after the one that runs. */
  async later<T>(what: string, body: () => Promise<T>): Promise<T> {
    while (this.#running !== undefined) await wait(retryMs)
    return this.#run(what, body)
  }

  async #run<T>(what: string, body: () => Promise<T>): Promise<T> {
    this.#running = what
    try {
      return await body()
    } finally {
      this.#running = undefined
    }
  }
}

/** @throws {UserError} when another change runs */
export function requireIdle(change: string | undefined): void {
  if (change === undefined) return
  throw new UserError(`another change is in progress: ${change}`, {
    hint: 'wait until it is done, then retry',
  })
}
