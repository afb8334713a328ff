import { mkdir } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { describeError, UserError } from '../../config/lib/errors.ts'
import { isRunning, type ProcessMark } from '../../config/lib/process.ts'
import type { Caller } from './channel.ts'
import type { Home } from './home.ts'
import { HostHypervisor } from './hypervisor.ts'
import { describeLimits, limitsOfProcess } from './limits.ts'
import { type Booted, killBooted, killStrays, machinesIn, portsOf } from './machine.ts'
import { intactRelease, releaseOnBranch } from './repository.ts'
import { ChangeLock, nextStep, overdue, readState, requireIdle, wanted } from './state.ts'
import { limitConsole, streamConsole } from '../qemu/console.ts'
import { isHealthy } from '../qemu/health.ts'
import type { Candidate } from '../release/lifecycle.ts'
import type { Kept } from '../release/store.ts'
import { inspect, keptData, noMachine } from '../release/report.ts'
import type { Report } from '../target.ts'

/** A healthy release whose commit git has not accepted yet. */
interface Pushed extends Candidate<Booted> {
  kept: Kept
  /** The git process of the push: when it ends, the branch decides. */
  pusher: ProcessMark
}

type Log = (text: string) => void

const watchMs = 500
/** After a step that failed. */
const retryMs = 5000
const restartMs = { first: 1000, most: 60_000 }

/** One appliance of a host: decides which release should run, and has its hypervisor run it. */
export class Appliance {
  readonly hypervisor: HostHypervisor
  readonly #home: Home
  readonly #log: Log
  readonly #lock = new ChangeLock()
  #pushed: Pushed | undefined
  /** The release on the branch that did not become healthy. */
  #failed: { number: number; why: string } | undefined
  #closed = false
  /** When the machine was last restarted, and how long to wait if that fails. */
  readonly #restart = { at: Date.now(), waitMs: restartMs.first }
  #started: Promise<void> = Promise.resolve()

  private constructor(hypervisor: HostHypervisor, home: Home, log: Log) {
    this.hypervisor = hypervisor
    this.#home = home
    this.#log = log
  }

  /** Opens an appliance as the previous service left it, however that ended. */
  static async open(home: Home, name: string, log: Log): Promise<Appliance> {
    await mkdir(home.folder(name), { recursive: true, mode: 0o700 })
    const [settings, state] = [await home.settings(name), await readState(home, name)]
    return new Appliance(new HostHypervisor(home, name, settings, state, log), home, log)
  }

  /** Starts the release of the branch, else the last one that served, and watches over it. */
  start(): void {
    this.#started = this.#lock
      .later('the service is starting', () => this.resume())
      .catch((error: unknown) => this.#log(describeError(error)))
    void this.#started.then(() => this.#watch())
  }

  /** Resolves when the appliance serves, or failed to. */
  get started(): Promise<void> {
    return this.#started
  }

  /** Leaves the machine running, for the next service. */
  close(): void {
    this.#closed = true
    this.hypervisor.proxy.close()
  }

  // Verbs

  /** Boots a release, and keeps it until git has accepted its commit, or has not. */
  async prepare(number: number, pusher: ProcessMark, caller: Caller): Promise<Report> {
    return this.#exclusive(`release ${number} is being deployed`, async () => {
      this.hypervisor.settings = await this.#home.settings(this.hypervisor.name)
      const kept = await this.#intact(number)
      await this.hypervisor.proxy.listen(portsOf(kept, this.hypervisor.settings))
      try {
        this.#pushed = { ...(await this.hypervisor.boot(kept, caller.print, caller.gone)), kept, pusher }
      } catch (error) {
        this.hypervisor.listenOnOwnPorts()
        throw error
      }
      return { text: `release ${number} is healthy`, data: { number } }
    })
  }

  /** Moves traffic to a release whose commit is on the branch. */
  async commit(number: number): Promise<Report> {
    // The service may have been killed since it prepared the release.
    if (this.#pushed?.kept.number === number) await this.#decide(this.#pushed)
    else await this.#follow()
    const { current } = this.hypervisor.state
    if (current?.number !== number) {
      const why = this.#failed?.why ?? 'its machine was stopped'
      const serves = current === undefined ? 'no release serves' : `release ${current.number} keeps serving`
      throw new UserError(`release ${number} is on the branch but does not serve: ${why}`, {
        hint: `${serves}; npm run deploy   retries`,
      })
    }
    const ports = current.published.map(({ port, protocol }) => `${port}/${protocol}`).join(', ')
    return { text: `release ${number} serves${ports === '' ? '' : ` on ${ports}`}`, data: { number } }
  }

  async status(): Promise<Report> {
    const { name, state, store, data: disk } = this.hypervisor
    const { current, previous, restarts, stopped } = state
    if (current === undefined) return noMachine(`${name}: no release is deployed`, { name })
    if (stopped === true) return noMachine(`${name}: stopped`, { name })
    if (!isRunning(current)) return noMachine(`${name}: down`, { name })
    const { app, source } = (await store.get(current.number))?.manifest ?? {}
    const ports = current.published.map(({ port, protocol }) => ({ port, protocol }))
    const limits = limitsOfProcess(current.pid)
    const { health, memory, process, data, facts } = await inspect(current, disk)
    const { number } = current
    return {
      text: [
        `${name} serves release ${number}: ${health}`,
        `  app      ${app ?? 'unknown'}, source ${source?.commit?.slice(0, 12) ?? 'unknown'}${source?.dirty === true ? ' with changes' : ''}`,
        `  ports    ${ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ') || 'none'}`,
        memory,
        `  limits   ${describeLimits(limits)}`,
        `${process}, ${restarts} restarts`,
        ...data,
      ].join('\n'),
      data: { name, number, previous, app, source, ports, limits, restarts, ...facts },
    }
  }

  async logs(follow: boolean, caller: Caller): Promise<Report> {
    const { current } = this.hypervisor.state
    if (current === undefined) throw new UserError('no release is deployed', { hint: 'npm run deploy' })
    await streamConsole(current, follow, caller.gone, caller.print)
    return { text: '', data: {} }
  }

  /** Stops the machine until the next deploy. */
  async stop(): Promise<Report> {
    return this.#exclusive('the machine is being stopped', async () => {
      const { current } = this.hypervisor.state
      const ending = await this.hypervisor.stop()
      return ending === undefined
        ? { text: 'no machine is running', data: { stopped: false } }
        : { text: `release ${current?.number}: ${ending}`, data: { stopped: true, ending } }
    })
  }

  /** Removes the machine and the stored releases. The repository is the history, and stays; so does the data by default. */
  async destroy(withData: boolean): Promise<Report> {
    const { data } = await this.stop()
    const { name, data: disk, state } = this.hypervisor
    const destroyed = state.current !== undefined
    return this.#exclusive('the appliance is being removed', async () => {
      await this.hypervisor.forget()
      if (withData) await disk.remove()
      const text = destroyed
        ? `removed the machine of ${name}; its repository is kept, so npm run deploy deploys again`
        : 'no release is deployed'
      return { text: text + (await keptData(disk)), data: { ...data, destroyed } }
    })
  }

  // What should run: see state.ts

  async #watch(): Promise<void> {
    for (; !this.#closed; await wait(watchMs)) {
      try {
        await this.#step()
      } catch (error) {
        this.#log(describeError(error))
        await wait(retryMs)
      }
    }
  }

  async #step(): Promise<void> {
    if (this.#lock.running !== undefined) return
    const pushed = this.#pushed
    const step = nextStep({
      state: this.hypervisor.state,
      branch: await this.#onBranch(),
      candidate: pushed && { commit: pushed.kept.commit, pushing: isRunning(pushed.pusher) },
      failed: this.#failed?.number,
      isRunning,
    })
    if (pushed !== undefined && (step.do === 'commit' || step.do === 'abandon')) await this.#decide(pushed)
    else if (step.do === 'replace') await this.#follow()
    else if (step.do === 'restart') await this.#restartMachine(step.machine)
    else if (this.hypervisor.state.current !== undefined && isRunning(this.hypervisor.state.current))
      await limitConsole(this.hypervisor.state.current)
  }

  /** Lets a pushed release serve if its commit is on the branch; else drops it. */
  async #decide(pushed: Pushed): Promise<void> {
    await this.#lock.later('traffic is being moved', async () => {
      if (this.#pushed !== pushed) return
      const { kept } = pushed
      const branch = await this.#onBranch()
      this.#pushed = undefined
      const candidate = { commit: kept.commit, pushing: false }
      const step = nextStep({ state: this.hypervisor.state, branch, candidate, failed: undefined, isRunning })
      if (step.do === 'commit') return pushed.commit()
      this.#log(`the push of release ${kept.number} did not complete: stopping its machine`)
      await pushed.abandon()
      this.hypervisor.listenOnOwnPorts()
    })
  }

  /** Starts the release on the branch if another one serves. */
  async #follow(): Promise<void> {
    const branch = async (): Promise<number | undefined> =>
      overdue(this.hypervisor.state, (await this.#onBranch())?.number, this.#failed?.number)
    if ((await branch()) === undefined) return
    await this.#lock.later('the release on the branch is being started', async () => {
      const number = await branch()
      if (number === undefined) return
      this.#log(`release ${number} is on the branch but does not serve: starting it`)
      try {
        const kept = await this.#intact(number)
        await (await this.hypervisor.boot(kept, this.#log)).commit()
      } catch (error) {
        this.#failed = { number, why: error instanceof Error ? error.message : String(error) }
        this.#log(describeError(error))
      }
    })
  }

  /** Restarts a machine that ended, with exponential backoff. */
  async #restartMachine(machine: Booted): Promise<void> {
    if (Date.now() - this.#restart.at > restartMs.most) this.#restart.waitMs = restartMs.first
    this.#log(`the machine of release ${machine.number} ended: restarting it`)
    this.hypervisor.proxy.forwardTo(undefined)
    await this.#exclusive('the machine is being restarted', async () => {
      this.hypervisor.state.restarts += 1
      await killBooted(machine)
      await this.hypervisor.bringUp(machine.number)
    }).catch(async () => {
      await wait(this.#restart.waitMs)
      this.#restart.waitMs = Math.min(2 * this.#restart.waitMs, restartMs.most)
    })
    this.#restart.at = Date.now()
  }

  // Making it so

  /** Keeps the machine that should run, ends every other one, and boots what is missing. */
  async resume(): Promise<void> {
    const number = wanted(this.hypervisor.state, (await this.#onBranch())?.number)
    const recorded = await machinesIn(this.hypervisor.folder)
    const running = recorded.filter(isRunning)
    for (const ended of recorded.filter((each) => !running.includes(each))) await killBooted(ended)
    const kept = await firstHealthy(running.filter((each) => each.number === number))
    await killStrays(
      this.hypervisor.folder,
      running.map(({ pid }) => pid),
    )
    if (kept !== undefined) await this.hypervisor.serve(kept)
    const others = running.filter((each) => each !== kept)
    if (kept === undefined) await Promise.all(others.map(killBooted))
    else for (const other of others) void this.hypervisor.retireLogged(other)
    if (number !== this.hypervisor.state.handover?.to) await this.hypervisor.undoHandover()
    if (kept === undefined && number !== undefined) await this.hypervisor.bringUp(number)
  }

  #onBranch(): Promise<Kept | undefined> {
    return releaseOnBranch(this.hypervisor.store, this.hypervisor.git)
  }

  #intact(number: number): Promise<Kept> {
    return intactRelease(this.hypervisor.store, this.hypervisor.git, number, this.#log)
  }

  /** Runs a change that was requested. @throws {UserError} when another one runs */
  async #exclusive<T>(what: string, body: () => Promise<T>): Promise<T> {
    await this.#started
    requireIdle(this.#pushed && `release ${this.#pushed.kept.number} is being deployed`)
    return this.#lock.now(what, body)
  }
}

/** Finds a machine that is healthy, or has no health check. */
async function firstHealthy(machines: readonly Booted[]): Promise<Booted | undefined> {
  for (const machine of machines)
    if (machine.health === undefined || (await isHealthy(machine.health))) return machine
  return undefined
}
