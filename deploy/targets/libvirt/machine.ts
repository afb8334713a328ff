import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../../config/lib/errors.ts'
import type { Progress } from '../../../config/lib/log.ts'
import type { About } from './domain.ts'
import { type Context as Failed, isFinal } from '../../failure/explain.ts'
import { deployError } from '../../failure/report.ts'
import { type CheckedSystem, failedContext } from '../../release/health.ts'
import { lastWord } from './health.ts'
import type { Pool } from './pool.ts'
import type { Virsh } from './virsh.ts'

const pollMs = 500
const graceMs = 5000
/** An app that nobody can ask has begun its work by then. */
const unaskedMs = 2000
/** What a domain can be in, as virsh names it. */
const offStates = new Set(['shut off', 'crashed'])
const onStates = new Set(['running', 'in shutdown', 'pmsuspended', 'paused'])

/** One domain of a hypervisor, and what it prints. */
export class DomainMachine {
  readonly name: string
  private readonly virsh: Virsh
  private readonly pool: Pool

  constructor(name: string, virsh: Virsh, pool: Pool) {
    this.name = name
    this.virsh = virsh
    this.pool = pool
  }

  /** Its definition, or undefined when there is none. */
  async definition(): Promise<string | undefined> {
    return this.virsh.ask('dumpxml', '--inactive', this.name)
  }

  /**
   * Whether it is on, and whether it gets on: a paused one does not, and its reason is told.
   *
   * @throws {UserError} when the hypervisor does not say
   */
  async state(): Promise<{ off: boolean; running: boolean; text: string }> {
    const text = (await this.virsh.ask('domstate', '--reason', this.name))?.trim() ?? 'not defined'
    const word = text.replace(/ \(.*$/, '')
    const off = offStates.has(word) || text === 'not defined'
    if (off || onStates.has(word)) return { off, running: word === 'running', text }
    throw new UserError(`unknown state of the domain ${this.name}: '${text}'`, {
      hint: `check the domain: ${this.virsh.words('domstate', '--reason', this.name).join(' ')}`,
    })
  }

  async isOff(): Promise<boolean> {
    return (await this.state()).off
  }

  /** Puts a definition in the place of the one before; what runs goes on as it is. */
  async define(xml: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'nodeos-libvirt-'))
    try {
      await writeFile(join(folder, 'domain.xml'), xml)
      await this.virsh.run('define', '--validate', join(folder, 'domain.xml'))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async undefine(): Promise<void> {
    await this.virsh.ask('undefine', this.name)
  }

  async start(): Promise<void> {
    await this.virsh.run('start', this.name)
  }

  /** Whether it starts with its host. */
  async autostart(wanted: boolean): Promise<void> {
    await this.virsh.run('autostart', this.name, ...(wanted ? [] : ['--disable']))
  }

  /** Presses the power button; pulls the plug when the app does not finish. */
  async stop(drainTimeout: number): Promise<'powered off' | 'killed: it did not power off in time'> {
    await this.virsh.ask('shutdown', '--mode', 'acpi', this.name)
    for (const until = Date.now() + drainTimeout * 1000 + graceMs; Date.now() < until; await wait(pollMs)) {
      if (await this.isOff()) return 'powered off'
    }
    await this.kill()
    return 'killed: it did not power off in time'
  }

  async kill(): Promise<void> {
    await this.virsh.ask('destroy', this.name)
  }

  get consoleVolume(): string {
    return `${this.name}.console`
  }

  async console(): Promise<string> {
    return (await this.pool.read(this.consoleVolume)) ?? ''
  }

  /**
   * Waits until the machine reports that it is healthy: its console can be read wherever it is, its ports perhaps not.
   *
   * @returns seconds since it was started
   * @throws {UserError} naming the cause
   */
  async awaitHealth(
    { unasked }: Pick<About, 'unasked'>,
    { system, emulated, failedConsole, signal }: DomainWait,
    line: Progress,
  ): Promise<number> {
    const { timeout } = system.health
    const started = Date.now()
    const seconds = (): number => (Date.now() - started) / 1000
    let [printed, printedAt] = [0, 0]
    for (let wellSince: number | undefined; ;) {
      const console = await this.console()
      const gaveUp = console.includes('"event":"health.failed"')
      // Its own last event is no progress.
      if (console.length !== printed && !gaveUp) [printed, printedAt] = [console.length, seconds()]
      const well = lastWord(console, { ...(unasked === undefined ? {} : { unasked }) })?.good === true
      wellSince = well ? (wellSince ?? Date.now()) : undefined
      const failure = (end: Failed['end']): UserError => {
        const context = { ...failedContext(system), emulated, end, idle: seconds() - printedAt }
        return deployError(console, context, failedConsole)
      }
      if (wellSince !== undefined && Date.now() - wellSince >= (unasked === true ? unaskedMs : 0))
        return seconds()
      if (signal.aborted) throw new UserError('interrupted: the machine was stopped')
      if (isFinal(console)) throw failure('failed')
      if (gaveUp) throw failure('timed out')
      const { off, running, text } = await this.state()
      if (off) throw failure('ended')
      if (!running)
        throw new UserError(`the machine stalled (state: ${text})`, {
          hint: `virsh domstate --reason ${this.name}   shows its state, the hypervisor's log the reason`,
        })
      if (seconds() > timeout + graceMs / 1000) throw failure('timed out')
      line.update(console === '' ? 'the console is still empty' : 'booting')
      await wait(pollMs)
    }
  }
}

/** What a wait for the health of a domain needs. */
export interface DomainWait {
  system: CheckedSystem
  emulated: boolean
  /** File that keeps the console of a machine that did not become healthy. */
  failedConsole: string
  signal: AbortSignal
}
