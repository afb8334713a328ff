import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { hashText } from '../../../config/lib/hash.ts'
import { withLock } from '../../../config/lib/lock.ts'
import { log, progress } from '../../../config/lib/log.ts'
import { shellLine } from '../../../config/lib/run.ts'
import { type DataConfig, handOver, snapshotOf } from '../../data/handover.ts'
import { awaitHealth } from '../../release/health.ts'
import { type Hypervisor, replaceRelease } from '../../release/lifecycle.ts'
import type { Listed } from '../../release/report.ts'
import type { Context } from '../../target.ts'
import type { DataVolume } from './data.ts'
import { aboutOf, type Defined, definedIn, withAbout, previousVolume } from './domain.ts'
import type { DomainMachine } from './machine.ts'
import type { Pool, Virsh } from './virsh.ts'

export interface Replacement {
  next: Defined
  /** The definition that exists. */
  before: Defined | undefined
  system: Context['config']
  /** Whether the machine starts with its host. */
  autostart: boolean
  disk: DataVolume
  /** The data disk that the next release needs. */
  data: DataConfig | undefined
  /** Number of the release whose data to restore. */
  restore?: number
}

/**
 * Replaces one definition by another; the previous one comes back with its data if the next one does not become
 * healthy. Wherever this is interrupted, the last definition that was healthy exists: as that of the domain, or in the
 * volume of the previous release.
 *
 * @returns seconds until it was healthy
 */
export async function replaceDomain(
  machine: DomainMachine,
  pool: Pool,
  replacement: Replacement,
  context: Pick<Context, 'signal' | 'state'>,
): Promise<number> {
  const { next, before, disk, data, restore } = replacement
  const older = await previousOf(machine, pool, before)
  const hypervisor = new LibvirtHypervisor(machine, pool, { ...replacement, older }, context)
  await replaceRelease(hypervisor, {
    next,
    previous: before && { machine: before, release: before, name: 'the previous release' },
    handOver: () =>
      handOver(disk, { data, from: before?.about.number, restore, kept: numbers(before, next, older) }),
  })
  const previous = wasHealthy(before) ? before : older
  if (data !== undefined) await disk.keepOnly(numbers(before, next, previous).map(snapshotOf))
  return hypervisor.seconds
}

/** A release is a definition, its machine the domain with that definition. */
class LibvirtHypervisor implements Hypervisor<Defined, Defined> {
  readonly #machine: DomainMachine
  readonly #pool: Pool
  readonly #replacement: Replacement & { older: Defined | undefined }
  readonly #failedConsole: string
  readonly #signal: AbortSignal
  /** Until the last machine was healthy. */
  seconds = 0

  constructor(
    machine: DomainMachine,
    pool: Pool,
    replacement: Replacement & { older: Defined | undefined },
    { signal, state }: Pick<Context, 'signal' | 'state'>,
  ) {
    this.#machine = machine
    this.#pool = pool
    this.#replacement = replacement
    this.#failedConsole = join(state, 'failed-console.log')
    this.#signal = signal
  }

  async start(next: Defined): Promise<Defined> {
    const { before } = this.#replacement
    try {
      if (before !== undefined && wasHealthy(before))
        await this.#pool.uploadText(before.xml, previousVolume(this.#machine))
      await this.#machine.define(withAbout(next.xml, { ...next.about, trial: true }))
      await this.#machine.start()
    } catch (error) {
      await this.kill()
      throw error
    }
    return next
  }

  async awaitHealth(machine: Defined): Promise<void> {
    await this.#healthOf(machine, this.#failedConsole, this.#signal)
  }

  async serve(machine: Defined): Promise<void> {
    await this.#machine.define(machine.xml)
    await this.#machine.autostart(this.#replacement.autostart)
  }

  async isRunning(): Promise<boolean> {
    return !(await this.#machine.isOff())
  }

  async stop({ about }: Defined): Promise<void> {
    log.step(`Stopping ${this.#machine.name} (the previous release)`)
    log.info(await this.#machine.stop(about.drainTimeout))
  }

  async kill(): Promise<void> {
    const { before, older } = this.#replacement
    await this.#machine.kill()
    if (before === undefined) await this.#machine.undefine()
    else await this.#machine.define(before.xml)
    if (!wasHealthy(before)) return
    await this.#pool.remove(previousVolume(this.#machine))
    if (older !== undefined) await this.#pool.uploadText(older.xml, previousVolume(this.#machine))
  }

  async restore(before: Defined): Promise<void> {
    log.warn('starting the previous release again')
    await this.#machine.start()
    await this.#healthOf(before, `${this.#failedConsole}.previous`, new AbortController().signal)
  }

  async #healthOf({ xml, about }: Defined, failedConsole: string, signal: AbortSignal): Promise<void> {
    const line = progress(`Booting ${this.#machine.name}`)
    const watched = this.#machine.watch(about, xml.startsWith("<domain type='qemu'"))
    // The machine checks itself, and may report a failure a moment after the deadline. Without a port it has begun its
    // work when it still runs after two seconds.
    const wait = { pollMs: 500, graceMs: 5000, times: about.unasked === true ? 5 : 1 }
    const { system } = this.#replacement
    this.seconds = await awaitHealth(watched, { ...wait, system, signal, failedConsole }, line)
    line.done(`healthy after ${this.seconds.toFixed(1)} s`)
  }
}

function lockVolume({ name }: DomainMachine): string {
  return `${name}.lock`
}

/**
 * Runs one change of a machine at a time, whichever computer deploys: a volume beside it names who changes it.
 *
 * @throws {UserError} naming who does
 */
export async function exclusively<T>(
  machine: DomainMachine,
  pool: Pool,
  { uri }: { uri: string },
  change: () => Promise<T>,
): Promise<T> {
  const { uid, username } = userInfo()
  const self = `${username}@${hostname()}`
  const volume = lockVolume(machine)
  const file = join(tmpdir(), `nodeos-${uid}`, `${hashText(`${uri} ${volume}`).slice(0, 16)}.lock`)
  return withLock(file, { holder: `another change of ${machine.name}` }, async () => {
    if (!(await pool.createText(self, volume))) {
      const holder = (await pool.read(volume)) || 'another computer'
      // This user's own lock, which the file guards, was left by a command that was killed.
      if (holder !== self)
        throw new UserError(`another change of ${machine.name} is running: ${holder} deploys it`, {
          hint: `wait until it ends; if it was killed: ${shellLine(pool.removeWords(volume))}`,
        })
    }
    try {
      return await change()
    } finally {
      await pool.remove(volume)
    }
  })
}

/** Returns whether a rollback may start this release. */
function wasHealthy(defined: Defined | undefined): boolean {
  return defined !== undefined && defined.about.trial !== true
}

function numbers(...all: (Defined | undefined)[]): number[] {
  return all.flatMap((defined) => (defined === undefined ? [] : [defined.about.number]))
}

/** The name of a machine may begin with nodeos-, too. */
const layerVolume = /^nodeos-[a-z]+-[0-9a-f]{16}$/

/** Returns the release that a rollback starts; undefined if its volume is missing or incomplete, or it is the current one. */
export async function previousOf(
  machine: DomainMachine,
  pool: Pool,
  current: Defined | undefined,
): Promise<Defined | undefined> {
  const previous = definedIn(await pool.read(previousVolume(machine)))
  return previous?.about.number === current?.about.number ? undefined : previous
}

/** Lists the current release and the one that a rollback starts. */
export async function releasesOf(machine: DomainMachine, pool: Pool): Promise<Listed[]> {
  const current = definedIn(await machine.definition())
  const previous = await previousOf(machine, pool, current)
  return [current, previous].flatMap((defined) => {
    if (defined === undefined) return []
    const { number, app, deployed, commit, dirty } = defined.about
    const source = { ...(commit === undefined ? {} : { commit }), ...(dirty === undefined ? {} : { dirty }) }
    return { number, added: deployed, app, source, serves: defined === current }
  })
}

/** Names the volumes that machines of NodeOS on this hypervisor use, or their previous releases. */
export async function volumesInUse(virsh: Virsh, pool: Pool): Promise<Set<string>> {
  const names = (await virsh.run('list', '--all', '--name')).split('\n').filter((name) => name !== '')
  const definitions = await Promise.all(names.map((name) => virsh.ask('dumpxml', '--inactive', name)))
  const before = (await pool.volumes()).filter((name) => name.endsWith('.previous'))
  for (const name of before) definitions.push(await pool.read(name))
  return new Set(definitions.flatMap((xml) => (xml === undefined ? [] : (aboutOf(xml)?.volumes ?? []))))
}

/** Removes layers that no machine uses, unless another machine is being changed: it may use them in a moment. */
export async function removeUnused(virsh: Virsh, pool: Pool, machine: DomainMachine): Promise<void> {
  const used = await volumesInUse(virsh, pool)
  for (const volume of await pool.volumes()) {
    if (!layerVolume.test(volume) || used.has(volume)) continue
    const locks = (await pool.volumes()).filter((name) => name.endsWith('.lock'))
    if (locks.some((name) => name !== lockVolume(machine))) return
    await pool.remove(volume)
  }
}
