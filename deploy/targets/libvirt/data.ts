import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { log } from '../../../config/lib/log.ts'
import { formatBytes } from '../../../config/lib/units.ts'
import { makeFileSystem } from '../../data/disk.ts'
import type { DataConfig, Disk } from '../../data/handover.ts'
import { shellLine } from '../../../config/lib/run.ts'
import type { Pool } from './virsh.ts'

const mebibyte = 2 ** 20
/** Added to the name of a volume, the name of another one, which exists while the first is incomplete. */
const unfinished = '~unfinished'

/** A data disk in a volume of a pool; each snapshot is a volume beside it, a copy where the pool cannot share blocks. */
export class DataVolume implements Disk {
  readonly volume: string
  readonly #pool: Pool

  constructor(pool: Pool, machine: string) {
    this.#pool = pool
    this.volume = `${machine}.data`
  }

  /** For a person. */
  get place(): string {
    return `volume ${this.volume}`
  }

  async exists(): Promise<boolean> {
    return (await this.#complete()).includes(this.volume)
  }

  async provide(config: DataConfig): Promise<void> {
    if (!(await this.exists())) {
      const [snapshot] = await this.snapshots()
      if (snapshot !== undefined) throw await this.#lost(snapshot)
      return this.#make(config)
    }
    const bytes = await this.#pool.capacity(this.volume)
    const wanted = config.size * mebibyte
    if (wanted > bytes) {
      log.step(`Growing the data disk from ${formatBytes(bytes)} to ${formatBytes(wanted)}`)
      await this.#pool.resize(this.volume, wanted)
    } else if (wanted < bytes) {
      log.warn(`the data disk keeps its ${formatBytes(bytes)}: data disks cannot shrink`)
    }
  }

  async #make(config: DataConfig): Promise<void> {
    log.step(`Creating a data disk of ${formatBytes(config.size * mebibyte)}: volume ${this.volume}`)
    const folder = await mkdtemp(join(tmpdir(), 'nodeos-libvirt-'))
    try {
      const file = join(folder, 'data')
      await makeFileSystem(file, config)
      await this.#fill(this.volume, async () => this.#pool.upload(file, this.volume, { sparse: true }))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async snapshots(): Promise<string[]> {
    const own = `${this.volume}.`
    return (await this.#complete())
      .filter((name) => name.startsWith(own))
      .map((name) => name.slice(own.length))
  }

  async snapshot(name: string): Promise<void> {
    await this.#clone(this.volume, `${this.volume}.${name}`)
  }

  async restore(name: string): Promise<void> {
    await this.#clone(`${this.volume}.${name}`, this.volume)
  }

  async keepOnly(names: readonly string[]): Promise<void> {
    // Without the disk, the snapshots are the only copies of the data.
    if (!(await this.exists())) return
    for (const name of await this.snapshots())
      if (!names.includes(name)) await this.#pool.remove(`${this.volume}.${name}`)
  }

  async remove(): Promise<void> {
    for (const name of await this.#pool.volumes())
      if (name === this.volume || name.startsWith(`${this.volume}.`) || name.startsWith(`${this.volume}~`))
        await this.#pool.remove(name)
  }

  /** Lists the complete volumes. */
  async #complete(): Promise<string[]> {
    const names = new Set(await this.#pool.volumes())
    return [...names].filter((name) => !name.endsWith(unfinished) && !names.has(name + unfinished))
  }

  async #clone(from: string, to: string): Promise<void> {
    await this.#fill(to, async () => this.#pool.clone(from, to))
  }

  async #fill(volume: string, fill: () => Promise<void>): Promise<void> {
    await this.#pool.uploadText(unfinished, volume + unfinished)
    await fill()
    await this.#pool.remove(volume + unfinished)
  }

  /** Tells the user how to restore a snapshot: only a person knows which one is wanted. */
  async #lost(snapshot: string): Promise<UserError> {
    const names = await this.#pool.volumes()
    const [half, mark] = [this.volume, this.volume + unfinished].map((name) =>
      names.includes(name) ? [this.#pool.removeWords(name)] : [],
    ) as [string[][], string[][]]
    const commands = [...half, this.#pool.cloneWords(`${this.volume}.${snapshot}`, this.volume), ...mark]
    return new UserError(`the data disk (volume ${this.volume}) does not exist, but snapshots of it do`, {
      hint: [
        `A new, empty disk would hide the data. Available snapshots: ${(await this.snapshots()).join(', ')}. To restore one:`,
        ...commands.map((words) => `  ${shellLine(words)}`),
        'To start without data:',
        '  npm run deploy:destroy -- --data',
      ].join('\n'),
    })
  }
}
