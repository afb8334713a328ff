import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { until } from '../../../config/lib/until.ts'
import type { Watched } from '../../qemu/health.ts'
import type { About } from './domain.ts'
import type { Pool, Virsh } from './virsh.ts'

const pollMs = 500
const graceMs = 5000
/** States of a domain, as virsh names them. */
const offStates = new Set(['shut off', 'crashed'])
const onStates = new Set(['running', 'in shutdown', 'pmsuspended', 'paused'])

/** One domain of a hypervisor, and its console. */
export class DomainMachine {
  readonly name: string
  readonly #virsh: Virsh
  readonly #pool: Pool

  constructor(name: string, virsh: Virsh, pool: Pool) {
    this.name = name
    this.#virsh = virsh
    this.#pool = pool
  }

  /** Returns its definition, or undefined. */
  async definition(): Promise<string | undefined> {
    return this.#virsh.ask('dumpxml', '--inactive', this.name)
  }

  /**
   * Returns whether it is off, whether it makes progress (a paused domain does not), and its state with the reason.
   *
   * @throws {UserError} if the state is unknown
   */
  async state(): Promise<{ off: boolean; running: boolean; text: string }> {
    const text = (await this.#virsh.ask('domstate', '--reason', this.name))?.trim() ?? 'not defined'
    const word = text.replace(/ \(.*$/, '')
    const off = offStates.has(word) || text === 'not defined'
    if (off || onStates.has(word)) return { off, running: word === 'running', text }
    throw new UserError(`unknown state of the domain ${this.name}: '${text}'`, {
      hint: `check the domain: ${this.#virsh.words('domstate', '--reason', this.name).join(' ')}`,
    })
  }

  async isOff(): Promise<boolean> {
    return (await this.state()).off
  }

  /** Replaces its definition; a domain that runs is not changed. */
  async define(xml: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'nodeos-libvirt-'))
    try {
      await writeFile(join(folder, 'domain.xml'), xml)
      await this.#virsh.run('define', '--validate', join(folder, 'domain.xml'))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async undefine(): Promise<void> {
    await this.#virsh.ask('undefine', this.name)
  }

  async start(): Promise<void> {
    await this.#virsh.run('start', this.name)
  }

  /** Sets whether it starts with its host. */
  async autostart(wanted: boolean): Promise<void> {
    await this.#virsh.run('autostart', this.name, ...(wanted ? [] : ['--disable']))
  }

  /** Presses the power button; kills the domain if it does not power off in time. */
  async stop(drainTimeout: number): Promise<'powered off' | 'killed: it did not power off in time'> {
    await this.#virsh.ask('shutdown', '--mode', 'acpi', this.name)
    const timeoutMs = drainTimeout * 1000 + graceMs
    if (await until(() => this.isOff(), { timeoutMs, everyMs: pollMs })) return 'powered off'
    await this.kill()
    return 'killed: it did not power off in time'
  }

  async kill(): Promise<void> {
    await this.#virsh.ask('destroy', this.name)
  }

  get consoleVolume(): string {
    return `${this.name}.console`
  }

  async console(): Promise<string> {
    return (await this.#pool.read(this.consoleVolume)) ?? ''
  }

  /** Watches its health by the events on its console, which can be read wherever it runs; its ports perhaps cannot. */
  watch({ unasked }: Pick<About, 'unasked'>, emulated: boolean): Watched {
    return {
      emulated,
      isRunning: async () => {
        const { off, running, text } = await this.state()
        if (off || running) return running
        throw new UserError(`the machine stalled (state: ${text})`, {
          hint: `virsh domstate --reason ${this.name}   shows its state, the hypervisor's log the reason`,
        })
      },
      console: () => this.console(),
      async check(console) {
        const healthy =
          lastReport(console, { ...(unasked === undefined ? {} : { unasked }) })?.healthy === true
        return {
          ...(healthy ? { response: 200 } : {}),
          text: console === '' ? 'the console is still empty' : 'booting',
          over: console.includes('"event":"health.failed"'),
        }
      },
    }
  }
}

/** The last report of a console on the health of its machine. */
export interface HealthReport {
  healthy: boolean
  /** By the clock of the machine, ISO 8601. */
  time: string
}

/** Each event is valid until the next one: after a restart, Node is not healthy yet. */
const reports =
  /^.*"time":"([^"]+)".*"event":"(health\.ok|health\.failed|node\.started|node\.exited|machine\.rebooting)".*$/gm

/** Reads the last report on a machine's health from its console, or undefined. */
export function lastReport(console: string, { unasked }: Pick<About, 'unasked'>): HealthReport | undefined {
  const [, time = '', event] = [...console.matchAll(reports)].at(-1) ?? []
  if (event === undefined) return undefined
  return { time, healthy: event === (unasked === true ? 'node.started' : 'health.ok') }
}
