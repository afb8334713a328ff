import { setTimeout as wait } from 'node:timers/promises'
import { describeError, UserError } from '../../config/lib/errors.ts'
import type { Kept } from '../release/store.ts'
import { limitConsole, streamConsole } from '../qemu/console.ts'
import { isRunning, type ProcessMark } from '../../config/lib/process.ts'
import type { Report } from '../target.ts'
import { type Booted, discard } from './machine.ts'
import type { Caller } from './channel.ts'
import type { Home } from './home.ts'
import { branch } from './repository.ts'
import { Serving } from './serving.ts'
import { statusOf } from './status.ts'
import { refuse, Turn } from './turn.ts'

/** A machine that is well and waits for its commit to be on the branch. */
interface Candidate {
  machine: Booted
  kept: Kept
  /** git's process that takes the push: when it ends, the branch says what is to be. */
  pusher: ProcessMark
}

const watchMs = 500
/** After a look that failed. */
const againMs = 5000
const restartMs = { first: 1000, most: 60_000 }

/** One appliance of a host: its releases, the machine that serves, and the change from one to the next. */
export class Appliance {
  readonly #serving: Serving
  readonly #turn = new Turn()
  #candidate: Candidate | undefined
  /** The release on the branch that did not become healthy after all. */
  #refused: { number: number; why: string } | undefined
  #ended = false
  /** When the machine was last started again, and how long to wait when that does not help. */
  readonly #restart = { at: Date.now(), waitMs: restartMs.first }
  /** Resolves when what the service before left is taken up. */
  #started: Promise<void> = Promise.resolve()

  private constructor(serving: Serving) {
    this.#serving = serving
  }

  /** Takes an appliance up where it was left: by a service that ended, was killed, or went down with the host. */
  static async open(home: Home, name: string, say: (text: string) => void): Promise<Appliance> {
    return new Appliance(await Serving.open(home, name, say))
  }

  /** Brings up what is to serve: what the branch says, else the last release that did. Then watches over it. */
  start(): void {
    this.#started = this.#inTurn(() => this.#serving.resume()).catch((error: unknown) =>
      this.#serving.say(describeError(error)),
    )
    void this.#started.then(() => this.#watch())
  }

  /** Resolves when it serves, or is known not to. */
  get started(): Promise<void> {
    return this.#started
  }

  /** Boots a release beside what serves, and keeps it until git has its commit, or has not. */
  async prepare(number: number, pusher: ProcessMark, caller: Caller): Promise<Report> {
    return this.#exclusive(`release ${number} is being deployed`, async () => {
      this.#serving.settings = await this.#serving.home.settings(this.#serving.name)
      const kept = await this.#serving.sound(number)
      const ports = this.#serving.portsOf(kept)
      await this.#serving.front.open(ports)
      try {
        const machine = await this.#serving.bootNext(kept, caller.print, caller.gone)
        this.#candidate = { machine, kept, pusher }
      } catch (error) {
        this.#serving.keepOwnPorts()
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
    const { current } = this.#serving.state
    if (current?.number !== number) {
      throw new UserError(
        `release ${number} is on the branch but does not serve: ${this.#refused?.why ?? 'its machine was stopped'}`,
        {
          hint: `${current === undefined ? 'no release serves' : `release ${current.number} keeps serving`}; npm run deploy   retries`,
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
      if ((await this.#serving.git.commitOf(`refs/heads/${branch}`)) === kept.commit)
        await this.#serving.replace(machine)
      else {
        this.#serving.say(`the push of release ${kept.number} did not complete: stopping its machine`)
        await discard(machine)
        this.#serving.keepOwnPorts()
        await this.#serving.giveBack()
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
      this.#serving.say(`release ${tip} is on the branch but does not serve: starting it`)
      try {
        await this.#serving.replace(
          await this.#serving.bootNext(await this.#serving.sound(tip), this.#serving.say),
        )
      } catch (error) {
        this.#refused = { number: tip, why: error instanceof Error ? error.message : String(error) }
        this.#serving.say(describeError(error))
      }
    })
  }

  /** The release on the branch, when another one serves that it was not refused for. */
  async #overdue(): Promise<number | undefined> {
    const tip = await this.#serving.tip()
    return tip === this.#serving.state.current?.number || tip === this.#refused?.number ? undefined : tip
  }

  /** Looks after the machine, as long as the service runs: a look that fails is said, and the next one follows. */
  async #watch(): Promise<void> {
    for (; !this.#ended; await wait(watchMs)) {
      try {
        await this.#look()
      } catch (error) {
        this.#serving.say(describeError(error))
        await wait(againMs)
      }
    }
  }

  /** Decides what a push has left open, and starts the machine again when it has ended; ever later while it ends at once. */
  async #look(): Promise<void> {
    const candidate = this.#candidate
    if (candidate !== undefined && !isRunning(candidate.pusher)) await this.#decide(candidate)
    const { current, stopped } = this.#serving.state
    if (stopped === true || this.#turn.busy !== undefined || this.#candidate !== undefined) return
    await this.#follow()
    if (current === undefined || current !== this.#serving.state.current) return
    if (isRunning(current)) return limitConsole(current)
    if (Date.now() - this.#restart.at > restartMs.most) this.#restart.waitMs = restartMs.first
    this.#serving.say(`the machine of release ${current.number} ended: restarting it`)
    this.#serving.front.lead(undefined)
    await this.#exclusive('the machine is being restarted', async () => {
      this.#serving.state.restarts += 1
      await discard(current)
      await this.#serving.bringUp(current.number)
    }).catch(async () => {
      await wait(this.#restart.waitMs)
      this.#restart.waitMs = Math.min(2 * this.#restart.waitMs, restartMs.most)
    })
    this.#restart.at = Date.now()
  }

  async status(): Promise<Report> {
    const { name, state, store, data } = this.#serving
    return statusOf(name, state, store, data)
  }

  async logs(follow: boolean, caller: Caller): Promise<Report> {
    const { current } = this.#serving.state
    if (current === undefined) throw new UserError('no release is deployed', { hint: 'npm run deploy' })
    await streamConsole(current, follow, caller.gone, caller.print)
    return { text: '', data: {} }
  }

  async stop(): Promise<Report> {
    return this.#exclusive('the machine is being stopped', async () => {
      const { current } = this.#serving.state
      const ending = await this.#serving.stop()
      return ending === undefined
        ? { text: 'no machine is running', data: { stopped: false } }
        : { text: `release ${current?.number}: ${ending}`, data: { stopped: true, ending } }
    })
  }

  /** Ends the machine and forgets the releases that are ready to run; the repository stays: it is the history. So do its data. */
  async destroy(withData: boolean): Promise<Report> {
    const { data } = await this.stop()
    const { name, state, data: disk } = this.#serving
    const destroyed = state.current !== undefined
    return this.#exclusive('the appliance is being removed', async () => {
      await this.#serving.forget()
      if (withData) await disk.remove()
      const stays = (await disk.exists())
        ? `\nits data is kept in ${disk.file} on its host (to remove it: npm run deploy:destroy -- --data)`
        : ''
      const text = destroyed
        ? `removed the machine of ${name}; its repository is kept: npm run deploy   deploys again`
        : 'no release is deployed'
      return { text: text + stays, data: { ...data, destroyed } }
    })
  }

  /** Leaves the machine running, for the service that comes next. */
  close(): void {
    this.#ended = true
    this.#serving.front.close()
  }

  /** Runs a change that somebody asked for, unless one is under way. */
  async #exclusive<T>(what: string, body: () => Promise<T>): Promise<T> {
    await this.#started
    refuse(this.#candidate && `release ${this.#candidate.kept.number} is being deployed`)
    return this.#turn.exclusive(what, body)
  }

  /** Runs a change that must be, after the one that is under way. */
  #inTurn(body: () => Promise<void>): Promise<void> {
    return this.#turn.after('traffic is being moved', body)
  }
}
