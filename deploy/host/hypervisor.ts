import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError, type UserError } from '../../config/lib/errors.ts'
import { isRunning } from '../../config/lib/process.ts'
import { DataDisk } from '../data/disk.ts'
import { handOver, requireSnapshot, snapshotOf } from '../data/handover.ts'
import type { Git } from '../git/git.ts'
import { type Candidate, type Hypervisor, prepareRelease } from '../release/lifecycle.ts'
import { type Kept, ReleaseStore } from '../release/store.ts'
import type { Home, Settings } from './home.ts'
import {
  awaitHealthOf,
  backendOf,
  type Booted,
  killBooted,
  progressFor,
  startRelease,
  stopBooted,
} from './machine.ts'
import { holdMs, PortProxy } from './proxy.ts'
import { intactRelease, repositoryOf } from './repository.ts'
import { forgotten, publishedBy, served, startOrder, type State, writeState } from './state.ts'

type Log = (text: string) => void

const settleMs = 5000

/** Runs the machines of an appliance: boots releases, moves traffic and data between them, and records which one serves. */
export class HostHypervisor {
  readonly name: string
  readonly git: Git
  readonly store: ReleaseStore
  readonly data: DataDisk
  readonly proxy: PortProxy
  settings: Settings
  state: State
  readonly #home: Home
  readonly #log: Log

  constructor(home: Home, name: string, settings: Settings, state: State, log: Log) {
    this.name = name
    this.git = repositoryOf(home, name)
    this.store = new ReleaseStore(home.folder(name))
    this.data = new DataDisk(home.dataFile(name))
    this.proxy = new PortProxy(settings.bind)
    this.settings = settings
    this.state = state
    this.#home = home
    this.#log = log
  }

  /**
   * Boots a release to replace the one that serves: beside it, or after it if the release has data, because one machine
   * at a time can use them.
   *
   * @throws {UserError} when it does not become healthy; then the previous release serves again, with its data
   */
  async boot(kept: Kept, print: Log, signal?: AbortSignal): Promise<Candidate<Booted>> {
    const { data } = kept.manifest.system
    const { current, highest } = this.state
    const release = current && (await this.store.get(current.number))
    if (data !== undefined && kept.restore !== undefined) await requireSnapshot(this.data, kept.restore)
    const from = current?.number ?? highest
    const seconds = (current?.drainTimeout ?? 0) + healthTimeout(kept) + healthTimeout(release)
    return prepareRelease(this.#hypervisor(kept, print, signal, seconds * 1000 + holdMs), {
      next: kept,
      previous: current && { machine: current, release, name: `release ${current.number}` },
      beside: data === undefined,
      handOver: async () => {
        // Changes that could not be undone before are not what the previous release left.
        if (data !== undefined) await this.undoHandover()
        const numbers = (await this.store.list()).map(({ number }) => number)
        await handOver(this.data, { data, from, restore: kept.restore, kept: numbers }, () =>
          this.save({ ...this.state, handover: { from, to: kept.number } }),
        )
        return async () => (data === undefined ? undefined : this.undoHandover())
      },
    })
  }

  #hypervisor(
    next: Kept,
    print: Log,
    signal: AbortSignal | undefined,
    holdMs: number,
  ): Hypervisor<Kept, Booted> {
    return {
      start: (kept) => this.#start(kept),
      awaitHealth: (machine) => this.#awaitHealth(machine, next, print, signal),
      serve: (machine) => this.serve(machine),
      isRunning: async (machine) => isRunning(machine),
      // Beside the next one, the previous machine drains in the background.
      stop: (machine) =>
        next.manifest.system.data === undefined ? this.retireLogged(machine) : this.#retire(machine),
      kill: killBooted,
      restore: ({ number }) => this.bringUp(number),
      hold: async () => this.proxy.forwardTo(undefined, holdMs),
    }
  }

  /** Starts a release while no machine runs; if it does not become healthy, an earlier one. */
  async bringUp(first: number): Promise<void> {
    let problem: unknown
    for (const number of startOrder(first, this.state)) {
      try {
        if (number !== this.state.handover?.to) await this.undoHandover()
        const kept = await intactRelease(this.store, this.git, number, this.#log)
        const machine = await this.#start(kept)
        try {
          await this.#awaitHealth(machine, kept, this.#log)
          await this.serve(machine)
        } catch (error) {
          await killBooted(machine)
          throw error
        }
        return
      } catch (error) {
        problem = error
        const { message, hint = '' } = error as UserError
        this.#log(`release ${number} failed to start: ${message}\n${hint}`)
      }
    }
    throw problem
  }

  async #start(kept: Kept): Promise<Booted> {
    const { data } = kept.manifest.system
    if (data !== undefined) await this.data.provide(data)
    return startRelease(kept, {
      name: this.name,
      store: this.store,
      settings: this.settings,
      folder: join(this.folder, `${kept.number}-${Date.now()}`),
      ...(data === undefined ? {} : { data: this.data.file }),
    })
  }

  async #awaitHealth(
    machine: Booted,
    kept: Kept,
    print: Log,
    signal = new AbortController().signal,
  ): Promise<void> {
    const failedConsole = join(this.#home.folder(this.name), 'failed-console.log')
    const line = progressFor(`Booting release ${kept.number} of ${this.name}`, print)
    await awaitHealthOf(machine, kept, { signal, failedConsole, line })
  }

  async serve(machine: Booted): Promise<void> {
    await this.proxy.listen(machine.published)
    const state = served(this.state, machine)
    await this.save(state)
    this.proxy.forwardTo(backendOf(machine))
    this.listenOnOwnPorts()
    this.#log(`release ${machine.number} serves`)
    const pruned = this.store.prune(this.settings.keep, [machine.number, state.previous])
    // The machine serves already: a failure here must not end it.
    await pruned.catch((error: unknown) => this.#log(describeError(error)))
  }

  async #retire(machine: Booted): Promise<void> {
    if (!isRunning(machine)) return killBooted(machine)
    await this.proxy.awaitResponses(backendOf(machine), settleMs)
    this.#log(`release ${machine.number}: ${await stopBooted(machine)}`)
  }

  /** Drains and stops a machine in the background. */
  async retireLogged(machine: Booted): Promise<void> {
    await this.#retire(machine).catch((error: unknown) => this.#log(describeError(error)))
  }

  /** Undoes what a release wrote to the data that does not serve. */
  async undoHandover(): Promise<void> {
    const { handover, ...state } = this.state
    if (handover === undefined) return
    if (await this.data.exists()) await this.data.restore(snapshotOf(handover.from))
    // Recorded before anything else writes: what serves next must not be undone.
    await this.save(state)
    this.#log(`undid the changes of release ${handover.to} to the data`)
  }

  /** Stops listening on the ports of other releases; on all of them when the appliance is stopped. */
  listenOnOwnPorts(): void {
    this.proxy.listenOnlyOn(publishedBy(this.state))
  }

  async save(state: State): Promise<void> {
    await writeState(this.#home, this.name, state)
    this.state = state
  }

  get folder(): string {
    return join(this.#home.folder(this.name), 'machines')
  }

  /** Stops the machine, and records that it stays off. @returns how it ended, if it ran */
  async stop(): Promise<string | undefined> {
    const { current } = this.state
    await this.save({ ...this.state, stopped: true })
    this.listenOnOwnPorts()
    this.proxy.forwardTo(undefined)
    return current === undefined || !isRunning(current) ? undefined : stopBooted(current)
  }

  /** Removes the stored releases and what remains of their machines. */
  async forget(): Promise<void> {
    for (const name of ['layers', 'releases', 'machines'])
      await rm(join(this.#home.folder(this.name), name), { recursive: true, force: true })
    await this.save(forgotten(this.state))
  }
}

function healthTimeout(kept: Kept | undefined): number {
  return kept?.manifest.system.health.timeout ?? 0
}
