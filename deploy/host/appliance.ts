import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describeError, UserError } from '../../build/lib/errors.ts'
import type { Progress } from '../../build/lib/log.ts'
import { readRelease } from '../git/release.ts'
import type { Git } from '../git/run.ts'
import { type Kept, ReleaseStore } from '../store.ts'
import { streamConsole } from '../targets/local/logs.ts'
import { isRunning, type ProcessMark, residentBytes } from '../targets/local/process.ts'
import type { Report } from '../target.ts'
import {
  backendOf,
  boot,
  type Booted,
  discard,
  killStrays,
  machinesIn,
  publishedPorts,
  retire,
} from './boot.ts'
import type { Caller } from './channel.ts'
import { Front } from './front.ts'
import { type Home, readJson, type Settings, writeJson } from './layout.ts'
import { branch, repositoryOf } from './repository.ts'

/** What is remembered of an appliance. */
interface State {
  /** The machine that serves. */
  current?: Booted
  /** Number of the release that served before it. */
  previous?: number
  /** Number of the newest release that was ever taken. */
  highest: number
  /** Whether its owner stopped it. */
  stopped?: boolean
  /** Health of each start, the newest last: for `deploy:status`. */
  restarts: number
}

/** A machine that is well and waits for its commit to be on the branch. */
interface Candidate {
  machine: Booted
  kept: Kept
  /** git's process that takes the push: when it ends, the branch says what is to be. */
  pusher: ProcessMark
}

const notRunning = 3
const watchMs = 500
const settleMs = 5000
const restartMs = { first: 1000, most: 60_000 }

/** One appliance of a host: its releases, the machine that serves, and the change from one to the next. */
export class Appliance {
  readonly name: string
  readonly #home: Home
  readonly #git: Git
  readonly #store: ReleaseStore
  readonly #say: (text: string) => void
  #settings: Settings
  #front: Front
  #state: State = { highest: 0, restarts: 0 }
  #candidate: Candidate | undefined
  /** What changes the machine goes one after the other. */
  #busy: string | undefined
  /** The release on the branch that did not become healthy after all. */
  #refused: { number: number; why: string } | undefined
  #ended = false
  /** Resolves when what the service before left is taken up. */
  #started: Promise<void> = Promise.resolve()

  private constructor(home: Home, name: string, settings: Settings, say: (text: string) => void) {
    this.name = name
    this.#home = home
    this.#git = repositoryOf(home, name)
    this.#store = new ReleaseStore(home.folder(name))
    this.#settings = settings
    this.#front = new Front(settings.bind)
    this.#say = say
  }

  /** Takes an appliance up where it was left: by a service that ended, was killed, or went down with the host. */
  static async open(home: Home, name: string, say: (text: string) => void): Promise<Appliance> {
    await mkdir(home.folder(name), { recursive: true, mode: 0o700 })
    const appliance = new Appliance(home, name, await home.settings(name), say)
    appliance.#state = (await readJson<State>(appliance.#stateFile)) ?? appliance.#state
    return appliance
  }

  /** Brings up what is to serve: what the branch says, else the last release that did. Then watches over it. */
  start(): void {
    this.#started = this.#inTurn(() => this.#resume()).catch((error: unknown) =>
      this.#say(describeError(error)),
    )
    void this.#started.then(() => this.#watch())
  }

  /** Resolves when it serves, or is known not to. */
  get started(): Promise<void> {
    return this.#started
  }

  /** A machine that outlived the service before goes on, and every other one ends. */
  async #resume(): Promise<void> {
    const { current, stopped } = this.#state
    const wanted = stopped === true ? undefined : ((await this.#tip()) ?? current?.number)
    const noted = await machinesIn(this.#machines)
    const running = noted.filter(isRunning)
    for (const ended of noted.filter((each) => !running.includes(each))) await discard(ended)
    const stays = await firstWell(running.filter(({ number }) => number === wanted))
    await killStrays(
      this.#machines,
      running.map(({ pid }) => pid),
    )
    if (stays !== undefined) {
      await this.#serve(stays)
      this.#say(`release ${stays.number} serves`)
    }
    const others = running.filter((each) => each !== stays)
    if (stays === undefined) await Promise.all(others.map(discard))
    else for (const other of others) void this.#retire(other)
    if (stays === undefined && wanted !== undefined) await this.#bringUp(wanted)
  }

  /** Starts a release with nothing beside it; when it does not become healthy, the ones that did before. */
  async #bringUp(wanted: number): Promise<void> {
    const candidates = [wanted, this.#state.current?.number, this.#state.previous]
    let problem: unknown
    for (const number of new Set(candidates.filter((each) => each !== undefined))) {
      try {
        const machine = await this.#boot(await this.#sound(number), this.#say)
        await this.#serve(machine)
        this.#say(`release ${number} serves`)
        return
      } catch (error) {
        problem = error
        const { message, hint = '' } = error as UserError
        this.#say(`release ${number} does not come up: ${message}\n${hint}`)
      }
    }
    throw problem
  }

  /** A release with all of its layers as they were released; what is damaged comes from git again. */
  async #sound(number: number): Promise<Kept> {
    const kept = await this.#store.get(number)
    if (kept === undefined) throw new UserError(`release ${number} is not kept any more`)
    const broken = await this.#store.damage(kept)
    if (broken.length === 0 || kept.commit === undefined) return kept
    this.#say(`${broken.join(' and ')} of release ${number} are damaged: taken from the repository again`)
    const { commit } = kept
    const { manifest, file } = await readRelease(this.#git, commit)
    return this.#store.add({ number: file.number, commit, manifest }, ({ path }, target) =>
      this.#git.export(`${commit}:${path}`, target),
    )
  }

  /** Boots a release beside what serves, and keeps it until git has its commit, or has not. */
  async prepare(number: number, pusher: ProcessMark, caller: Caller): Promise<Report> {
    return this.#exclusive(`release ${number} is being deployed`, async () => {
      this.#settings = await this.#home.settings(this.name)
      const kept = await this.#sound(number)
      const ports = this.#ports(kept)
      const before = this.#state.current?.published ?? []
      await this.#front.open(ports)
      try {
        const machine = await this.#boot(kept, caller.print, caller.gone)
        this.#candidate = { machine, kept, pusher }
      } catch (error) {
        this.#front.keepOnly(before)
        throw error
      }
      return { text: `release ${number} is healthy`, data: { number } }
    })
  }

  /** Moves traffic to a release whose commit is on the branch. */
  async commit(number: number): Promise<Report> {
    if (this.#candidate?.kept.number === number) await this.#decide(this.#candidate)
    // The service may have been killed since it prepared the release.
    else await this.#follow()
    const { current } = this.#state
    if (current?.number !== number) {
      throw new UserError(
        `release ${number} is on the branch and does not serve: ${this.#refused?.why ?? 'it was dropped'}`,
        {
          hint: `release ${current?.number ?? 'none'} goes on; npm run deploy   tries again`,
        },
      )
    }
    const ports = current.published.map(({ port, protocol }) => `${port}/${protocol}`).join(', ')
    return { text: `release ${number} serves${ports === '' ? '' : ` on ${ports}`}`, data: { number } }
  }

  /** The branch has the last word: with the commit on it the candidate serves, without it is dropped. */
  async #decide(candidate: Candidate): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#candidate !== candidate) return
      const { machine, kept } = candidate
      if ((await this.#git.commitOf(`refs/heads/${branch}`)) === kept.commit) await this.#replace(machine)
      else {
        this.#say(`the push of release ${kept.number} was not completed: its machine is dropped`)
        await discard(machine)
        this.#front.keepOnly(this.#state.current?.published ?? [])
      }
      this.#candidate = undefined
    })
  }

  /** Deploys what the branch says when something else serves: a service was killed in between. */
  async #follow(): Promise<void> {
    if ((await this.#overdue()) === undefined) return
    await this.#inTurn(async () => {
      const tip = await this.#overdue()
      if (tip === undefined) return
      this.#say(`release ${tip} is on the branch and does not serve: it is brought up`)
      try {
        await this.#replace(await this.#boot(await this.#sound(tip), this.#say))
      } catch (error) {
        this.#refused = { number: tip, why: error instanceof Error ? error.message : String(error) }
        this.#say(describeError(error))
      }
    })
  }

  /** The release on the branch, when another one serves that it was not refused for. */
  async #overdue(): Promise<number | undefined> {
    const tip = await this.#tip()
    return tip === this.#state.current?.number || tip === this.#refused?.number ? undefined : tip
  }

  async #replace(machine: Booted): Promise<void> {
    const old = this.#state.current
    await this.#serve(machine)
    this.#say(`release ${machine.number} serves`)
    if (old !== undefined) void this.#retire(old)
  }

  async #serve(machine: Booted): Promise<void> {
    const { current, highest, previous } = this.#state
    await this.#front.open(machine.published)
    this.#front.lead(backendOf(machine))
    this.#front.keepOnly(machine.published)
    const { stopped: _, ...rest } = this.#state
    const before = current === undefined || current.number === machine.number ? previous : current.number
    this.#state = {
      ...rest,
      current: machine,
      ...(before === undefined ? {} : { previous: before }),
      highest: Math.max(highest, machine.number),
    }
    await this.#save()
    await this.#store.prune(this.#settings.keep, [machine.number, before])
  }

  /** Lets the machine that served finish what it was asked. */
  async #retire(old: Booted): Promise<void> {
    if (!isRunning(old)) return discard(old)
    await this.#front.settled(backendOf(old), settleMs)
    this.#say(`release ${old.number}: ${await retire(old)}`)
  }

  async #boot(
    kept: Kept,
    print: (text: string) => void,
    signal = new AbortController().signal,
  ): Promise<Booted> {
    const folder = join(this.#machines, `${kept.number}-${Date.now()}`)
    return boot(kept, {
      name: this.name,
      store: this.#store,
      settings: this.#settings,
      folder,
      signal,
      line: told(`Booting release ${kept.number} of ${this.name}`, print),
    })
  }

  /** Starts the machine again when it ends; ever later while it ends at once. */
  async #watch(): Promise<void> {
    let waitMs = restartMs.first
    let since = Date.now()
    for (; !this.#ended; await wait(watchMs)) {
      const candidate = this.#candidate
      if (candidate !== undefined && !isRunning(candidate.pusher)) await this.#decide(candidate)
      const { current, stopped } = this.#state
      if (stopped === true || this.#busy !== undefined) continue
      if (this.#candidate === undefined) await this.#follow()
      if (current === undefined || current !== this.#state.current || isRunning(current)) continue
      if (Date.now() - since > restartMs.most) waitMs = restartMs.first
      this.#say(`the machine of release ${current.number} has ended: it is started again`)
      this.#front.lead(undefined)
      await this.#exclusive('the machine is being restarted', async () => {
        this.#state.restarts += 1
        await discard(current)
        await this.#bringUp(current.number)
      }).catch(async () => {
        await wait(waitMs)
        waitMs = Math.min(2 * waitMs, restartMs.most)
      })
      since = Date.now()
    }
  }

  async status(): Promise<Report> {
    const { current, previous, restarts, stopped } = this.#state
    if (current === undefined || stopped === true || !isRunning(current)) {
      const text =
        current === undefined
          ? 'nothing was deployed yet'
          : stopped === true
            ? 'it was stopped'
            : 'it is down'
      return { text: `${this.name}: ${text}`, data: { name: this.name, running: false }, status: notRunning }
    }
    const kept = await this.#store.get(current.number)
    const healthy = current.health === undefined ? undefined : await answers(current.health)
    const health = healthy === undefined ? 'no health check' : healthy ? 'healthy' : 'not healthy'
    const ports = current.published.map(({ port, protocol }) => ({ port, protocol }))
    const rss = residentBytes(current.pid)
    const { app, source } = kept?.manifest ?? {}
    return {
      text: [
        `${this.name} serves release ${current.number}: ${health}`,
        `  app      ${app ?? 'unknown'}, source ${source?.commit?.slice(0, 12) ?? 'unknown'}${source?.dirty === true ? ' with changes' : ''}`,
        `  ports    ${ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ') || 'none'}`,
        `  memory   ${(rss / 2 ** 20).toFixed(0)} MiB on the host, ${current.memory} MiB in the machine`,
        `  process  ${current.pid} (${current.accelerator}), ${restarts} restarts`,
      ].join('\n'),
      data: {
        name: this.name,
        running: true,
        healthy,
        number: current.number,
        previous,
        app,
        source,
        ports,
        rss,
        restarts,
        pid: current.pid,
      },
    }
  }

  async logs(follow: boolean, caller: Caller): Promise<Report> {
    const { current } = this.#state
    if (current === undefined) throw new UserError('nothing was deployed yet', { hint: 'npm run deploy' })
    await streamConsole(current, follow, caller.gone, caller.print)
    return { text: '', data: {} }
  }

  async stop(): Promise<Report> {
    return this.#exclusive('the machine is being stopped', async () => {
      const { current } = this.#state
      this.#state.stopped = true
      await this.#save()
      this.#front.keepOnly([])
      this.#front.lead(undefined)
      if (current === undefined || !isRunning(current))
        return { text: 'no machine is running', data: { stopped: false } }
      const ending = await retire(current)
      return { text: `release ${current.number}: ${ending}`, data: { stopped: true, ending } }
    })
  }

  /** Ends the machine and forgets the releases that are ready to run; the repository stays: it is the history. */
  async destroy(): Promise<Report> {
    const { data } = await this.stop()
    const destroyed = this.#state.current !== undefined
    return this.#exclusive('the appliance is being removed', async () => {
      const { highest } = this.#state
      this.#state = { highest, restarts: 0, stopped: true }
      for (const name of ['layers', 'releases', 'machines']) {
        await rm(join(this.#home.folder(this.name), name), { recursive: true, force: true })
      }
      await this.#save()
      const text = destroyed
        ? `the machine of ${this.name} is gone; its repository stays: npm run deploy   brings it back`
        : 'nothing was deployed'
      return { text, data: { ...data, destroyed } }
    })
  }

  /** Leaves the machine running, for the service that comes next. */
  close(): void {
    this.#ended = true
    this.#front.close()
  }

  #ports({ manifest }: Kept): Booted['published'] {
    return publishedPorts(manifest.system, this.#settings).map(({ host, protocol }) => ({
      port: host,
      protocol,
      local: 0,
    }))
  }

  /** Number of the release that the branch ends with, when it can be booted. */
  async #tip(): Promise<number | undefined> {
    const commit = await this.#git.commitOf(`refs/heads/${branch}`)
    return (await this.#store.list()).find((kept) => kept.commit === commit)?.number
  }

  /** Runs a change that somebody asked for, unless one is under way. */
  async #exclusive<T>(what: string, body: () => Promise<T>): Promise<T> {
    await this.#started
    const other =
      this.#busy ?? (this.#candidate && `release ${this.#candidate.kept.number} is being deployed`)
    if (other !== undefined)
      throw new UserError(`another change is at work: ${other}`, { hint: 'wait for it, then try again' })
    this.#busy = what
    try {
      return await body()
    } finally {
      this.#busy = undefined
    }
  }

  /** Runs a change that must be, after the one that is under way. */
  async #inTurn(body: () => Promise<void>): Promise<void> {
    while (this.#busy !== undefined) await wait(50)
    this.#busy = 'traffic is being moved'
    try {
      await body()
    } finally {
      this.#busy = undefined
    }
  }

  async #save(): Promise<void> {
    await writeJson(this.#stateFile, this.#state)
  }

  get #stateFile(): string {
    return join(this.#home.folder(this.name), 'state.json')
  }

  get #machines(): string {
    return join(this.#home.folder(this.name), 'machines')
  }
}

/** Number of the newest release that an appliance of this host has had. */
export async function highestOf(home: Home, name: string): Promise<number> {
  return (await readJson<State>(join(home.folder(name), 'state.json')))?.highest ?? 0
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
    if (machine.health === undefined || (await answers(machine.health))) return machine
  return undefined
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}
