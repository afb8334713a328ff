import { describeError, UserError } from '../../config/lib/errors.ts'
import { main } from '../../config/lib/main.ts'
import type { Report } from '../target.ts'
import { Appliance } from './appliance.ts'
import { type Caller, listen, type Request } from './channel.ts'
import { Home } from './home.ts'
import { restoreRecords } from './repository.ts'

/** Runs the appliances of a host, and serves the requests of hooks and commands. */
class Service {
  readonly #home: Home
  readonly #appliances = new Map<string, Appliance>()
  /** Why an appliance could not be loaded; the next `load` retries. */
  readonly #broken = new Map<string, unknown>()
  #loading: Promise<void> = Promise.resolve()

  constructor(home: Home) {
    this.#home = home
  }

  /** Loads appliances that are new and closes those that were removed. */
  load(): Promise<void> {
    const next = this.#loading.then(() => this.#load())
    this.#loading = next.catch(() => undefined)
    return next
  }

  async #load(): Promise<void> {
    const names = await this.#home.appliances()
    for (const [name, appliance] of this.#appliances) {
      if (names.includes(name)) continue
      await appliance.stop()
      appliance.close()
      this.#appliances.delete(name)
    }
    for (const name of names.filter((each) => !this.#appliances.has(each))) {
      const say = (text: string): void =>
        void process.stdout.write(`${new Date().toISOString()} ${name}: ${text}\n`)
      try {
        await restoreRecords(this.#home, name, say)
        const appliance = await Appliance.open(this.#home, name, say)
        this.#appliances.set(name, appliance)
        this.#broken.delete(name)
        appliance.start()
      } catch (error) {
        this.#broken.set(name, error)
        say(describeError(error))
      }
    }
  }

  async answer(
    { verb, appliance: name, number = 0, follow, data, pusher }: Request,
    caller: Caller,
  ): Promise<Report> {
    if (verb === 'load') {
      await this.load()
      await Promise.all([...this.#appliances.values()].map((each) => each.started))
      return { text: 'loaded', data: { appliances: [...this.#appliances.keys()] } }
    }
    await this.#loading
    const appliance = this.#appliances.get(name)
    if (this.#broken.has(name)) throw this.#broken.get(name)
    if (appliance === undefined)
      throw new UserError(`this host has no appliance '${name}'`, { hint: 'npm run host -- status' })
    switch (verb) {
      case 'prepare':
        if (pusher === undefined) throw new Error('prepare: the request has no pusher')
        return appliance.prepare(number, pusher, caller)
      case 'commit':
        return appliance.commit(number)
      case 'status':
        return appliance.status()
      case 'logs':
        return appliance.logs(follow === true, caller)
      case 'stop':
        return appliance.stop()
      case 'destroy':
        return appliance.destroy(data === true)
      default:
        throw new UserError(`the host does not support '${verb}'`)
    }
  }

  close(): void {
    for (const appliance of this.#appliances.values()) appliance.close()
  }
}

await main(
  import.meta,
  {
    usage: 'service',
    example: 'node deploy/host/service.ts ~/nodeos',
    summary: 'Runs the appliances of a host. npm run host starts it.',
    options: {},
    help: {},
    words: ['home'],
  },
  async ({ positionals: [path] }) => {
    const home = new Home(path)
    const service = new Service(home)
    const end = (): void => {
      // Machines keep running: the next service finds them.
      service.close()
      process.exit(0)
    }
    // The supervisor was killed: the next one's service needs the ports.
    process.once('disconnect', end)
    const loaded = service.load()
    await listen(home.socket, (request, caller) => service.answer(request, caller))
    await loaded
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
  },
)
