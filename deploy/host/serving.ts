import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import { DataDisk } from '../data/disk.ts'
import { handOver, requireSnapshot, snapshotOf } from '../data/handover.ts'
import { readRelease } from '../git/release.ts'
import type { Git } from '../git/git.ts'
import { type Kept, ReleaseStore } from '../release/store.ts'
import { isHealthy } from '../qemu/health.ts'
import { isRunning } from '../../config/lib/process.ts'
import {
  backendOf,
  boot,
  type Booted,
  discard,
  killStrays,
  machinesIn,
  publishedPorts,
  retire,
} from './machine.ts'
import { Front, holdMs } from './proxy.ts'
import type { Home, Settings } from './home.ts'
import { branch, repositoryOf } from './repository.ts'
import { newState, readState, type State, writeState } from './state.ts'

const settleMs = 5000

/** The machine of an appliance that serves: brought up, led to, replaced by another one. One change at a time. */
export class Serving {
  readonly name: string
  readonly home: Home
  readonly git: Git
  readonly store: ReleaseStore
  readonly say: (text: string) => void
  readonly front: Front
  readonly data: DataDisk
  settings: Settings
  state: State

  private constructor(
    home: Home,
    name: string,
    settings: Settings,
    state: State,
    say: (text: string) => void,
  ) {
    this.name = name
    this.home = home
    this.git = repositoryOf(home, name)
    this.store = new ReleaseStore(home.folder(name))
    this.settings = settings
    this.front = new Front(settings.bind)
    this.data = new DataDisk(home.dataFile(name))
    this.state = state
    this.say = say
  }

  static async open(home: Home, name: string, say: (text: string) => void): Promise<Serving> {
    await mkdir(home.folder(name), { recursive: true, mode: 0o700 })
    return new Serving(home, name, await home.settings(name), await readState(home, name), say)
  }

  /** A machine that outlived the service before goes on, and every other one ends. */
  async resume(): Promise<void> {
    const { current, stopped } = this.state
    const wanted = stopped === true ? undefined : ((await this.tip()) ?? current?.number)
    const noted = await machinesIn(this.#machines)
    const running = noted.filter(isRunning)
    for (const ended of noted.filter((each) => !running.includes(each))) await discard(ended)
    const stays = await firstWell(running.filter(({ number }) => number === wanted))
    await killStrays(
      this.#machines,
      running.map(({ pid }) => pid),
    )
    if (stays !== undefined) {
      await this.serve(stays)
      this.say(`release ${stays.number} serves`)
    }
    const others = running.filter((each) => each !== stays)
    if (stays === undefined) await Promise.all(others.map(discard))
    else for (const other of others) void this.retire(other)
    if (wanted !== this.state.handover?.to) await this.#undo()
    if (stays === undefined && wanted !== undefined) await this.bringUp(wanted)
  }

  /** Starts a release with nothing beside it; when it does not become healthy, the ones that did before. */
  async bringUp(wanted: number): Promise<void> {
    const candidates = [wanted, this.state.current?.number, this.state.previous]
    let problem: unknown
    for (const number of new Set(candidates.filter((each) => each !== undefined))) {
      try {
        if (number !== this.state.handover?.to) await this.#undo()
        const machine = await this.boot(await this.sound(number), this.say)
        await this.serve(machine).catch(async (error: unknown) => {
          await discard(machine)
          throw error
        })
        this.say(`release ${number} serves`)
        return
      } catch (error) {
        problem = error
        const { message, hint = '' } = error as UserError
        this.say(`release ${number} failed to start: ${message}\n${hint}`)
      }
    }
    throw problem
  }

  /** A release with all of its layers as they were released; what is damaged comes from git again. */
  async sound(number: number): Promise<Kept> {
    const kept = await this.store.get(number)
    if (kept === undefined) throw new UserError(`release ${number} is no longer kept on this host`)
    const broken = await this.store.damage(kept)
    if (broken.length === 0 || kept.commit === undefined) return kept
    this.say(`restoring damaged layers of release ${number} from the repository: ${broken.join(', ')}`)
    const { commit } = kept
    const { manifest, file } = await readRelease(this.git, commit)
    return this.store.add({ ...kept, number: file.number, manifest }, ({ path }, target) =>
      this.git.export(`${commit}:${path}`, target),
    )
  }

  /**
   * Boots the release that is to serve next: beside the one that does, or in its place when it has data, since one
   * machine has them at a time. New connections are held then, until one of the two serves.
   *
   * @throws {UserError} when it does not become healthy; what served before serves again, with its data as it left them
   */
  async bootNext(kept: Kept, print: (text: string) => void, signal?: AbortSignal): Promise<Booted> {
    const { data } = kept.manifest.system
    if (data === undefined) return this.boot(kept, print, signal)
    if (kept.restore !== undefined) await requireSnapshot(this.data, kept.restore)
    const { current, highest } = this.state
    const from = current?.number ?? highest
    this.front.lead(undefined, await this.#swapMs(kept))
    try {
      if (current !== undefined) await this.retire(current)
      // What an undo that failed has left there must not become what the release before left.
      await this.#undo()
      const numbers = (await this.store.list()).map(({ number }) => number)
      await handOver(this.data, { data, from, restore: kept.restore, kept: numbers }, async () => {
        this.state.handover = { from, to: kept.number }
        await this.save()
      })
      return await this.boot(kept, print, signal)
    } catch (error) {
      await this.giveBack()
      throw error
    }
  }

  /** The most that it takes until a release serves in the place of another, or that one again. */
  async #swapMs({ manifest }: Kept): Promise<number> {
    const { current } = this.state
    const before = current && (await this.store.get(current.number))
    const { health } = manifest.system
    const seconds =
      (current?.drainTimeout ?? 0) + health.timeout + (before?.manifest.system.health.timeout ?? 0)
    return seconds * 1000 + holdMs
  }

  /** Undoes what a release has written that is not to serve, and starts again what served before it, unless it is stopped. */
  async giveBack(): Promise<void> {
    await this.#undo()
    const { current, stopped } = this.state
    if (current !== undefined && stopped !== true && !isRunning(current)) await this.bringUp(current.number)
  }

  async #undo(): Promise<void> {
    const { handover, ...rest } = this.state
    if (handover === undefined) return
    if (await this.data.exists()) await this.data.restore(snapshotOf(handover.from))
    // Forgotten only when that is written down: what serves next writes, and must not be undone.
    await writeState(this.home, this.name, rest)
    this.state = rest
    this.say(`undid the changes of release ${handover.to} to the data`)
  }

  /** Listens only where what serves is published: nowhere when it is stopped. */
  keepOwnPorts(): void {
    const { current, stopped } = this.state
    this.front.keepOnly(stopped === true ? [] : (current?.published ?? []))
  }

  async replace(machine: Booted): Promise<void> {
    const old = this.state.current
    await this.serve(machine)
    this.say(`release ${machine.number} serves`)
    if (old !== undefined) void this.retire(old)
  }

  async serve(machine: Booted): Promise<void> {
    const { current, highest, previous } = this.state
    await this.front.open(machine.published)
    this.front.lead(backendOf(machine))
    this.front.keepOnly(machine.published)
    const { stopped: _, handover: __, ...rest } = this.state
    const before = current === undefined || current.number === machine.number ? previous : current.number
    this.state = {
      ...rest,
      current: machine,
      ...(before === undefined ? {} : { previous: before }),
      highest: Math.max(highest, machine.number),
    }
    await this.save()
    await this.store.prune(this.settings.keep, [machine.number, before])
  }

  /** Lets the machine that served finish what it was asked. */
  async retire(old: Booted): Promise<void> {
    if (!isRunning(old)) return discard(old)
    await this.front.settled(backendOf(old), settleMs)
    this.say(`release ${old.number}: ${await retire(old)}`)
  }

  async boot(
    kept: Kept,
    print: (text: string) => void,
    signal = new AbortController().signal,
  ): Promise<Booted> {
    const folder = join(this.#machines, `${kept.number}-${Date.now()}`)
    const { data } = kept.manifest.system
    if (data !== undefined) await this.data.provide(data)
    return boot(kept, {
      name: this.name,
      store: this.store,
      settings: this.settings,
      folder,
      ...(data === undefined ? {} : { data: this.data.file }),
      signal,
      failedConsole: join(this.home.folder(this.name), 'failed-console.log'),
      line: told(`Booting release ${kept.number} of ${this.name}`, print),
    })
  }

  /** Ends the machine, and leaves it so. */
  async stop(): Promise<string | undefined> {
    const { current } = this.state
    this.state.stopped = true
    await this.save()
    this.front.keepOnly([])
    this.front.lead(undefined)
    return current === undefined || !isRunning(current) ? undefined : retire(current)
  }

  /** Forgets the releases that are ready to run, and what has ended. */
  async forget(): Promise<void> {
    const { highest, handover } = this.state
    this.state = { ...newState, highest, stopped: true, ...(handover === undefined ? {} : { handover }) }
    for (const name of ['layers', 'releases', 'machines']) {
      await rm(join(this.home.folder(this.name), name), { recursive: true, force: true })
    }
    await this.save()
  }

  portsOf({ manifest }: Kept): Booted['published'] {
    return publishedPorts(manifest.system, this.settings).map(({ host, protocol }) => ({
      port: host,
      protocol,
      local: 0,
    }))
  }

  /** Number of the release that the branch ends with, when it can be booted. */
  async tip(): Promise<number | undefined> {
    const commit = await this.git.commitOf(`refs/heads/${branch}`)
    return (await this.store.list()).find((kept) => kept.commit === commit)?.number
  }

  async save(): Promise<void> {
    await writeState(this.home, this.name, this.state)
  }

  get #machines(): string {
    return join(this.home.folder(this.name), 'machines')
  }
}

/** Progress for somebody at the other end of a push. */
function told(label: string, print: (text: string) => void): Progress {
  print(label)
  let last = Date.now()
  return {
    update(text) {
      if (Date.now() - last < 5000) return
      last = Date.now()
      print(`  ${text}`)
    },
    done: (text) => print(`  ${text}`),
  }
}

/** The first of them that is healthy, or that nobody can ask. */
async function firstWell(machines: readonly Booted[]): Promise<Booted | undefined> {
  for (const machine of machines)
    if (machine.health === undefined || (await isHealthy(machine.health))) return machine
  return undefined
}
