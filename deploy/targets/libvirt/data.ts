import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { log } from '../../../build/lib/log.ts'
import { formatBytes } from '../../../build/lib/units.ts'
import { makeFileSystem } from '../../data/disk.ts'
import type { DataConfig, Disk } from '../../data/handover.ts'
import type { Pool } from './pool.ts'

const mebibyte = 2 ** 20

/** A data disk in a volume of a pool; each snapshot is a volume beside it, a copy where the pool cannot share blocks. */
export class DataVolume implements Disk {
  readonly volume: string
  readonly #pool: Pool

  constructor(pool: Pool, machine: string) {
    this.#pool = pool
    this.volume = `${machine}.data`
  }

  async exists(): Promise<boolean> {
    return (await this.#pool.volumes()).includes(this.volume)
  }

  async provide(config: DataConfig): Promise<void> {
    if (!(await this.exists())) return this.#make(config)
    const bytes = await this.#pool.capacity(this.volume)
    const wanted = config.size * mebibyte
    if (wanted > bytes) {
      log.step(`The data disk grows from ${formatBytes(bytes)} to ${formatBytes(wanted)}`)
      await this.#pool.resize(this.volume, wanted)
    } else if (wanted < bytes) {
      log.warn(`the data disk stays as large as it is, ${formatBytes(bytes)}: it is never made smaller`)
    }
  }

  async #make(config: DataConfig): Promise<void> {
    log.step(`Making a data disk of ${formatBytes(config.size * mebibyte)}: volume ${this.volume}`)
    const folder = await mkdtemp(join(tmpdir(), 'nodeos-libvirt-'))
    try {
      const file = join(folder, 'data')
      await makeFileSystem(file, config)
      await this.#pool.upload(file, this.volume, { sparse: true })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async snapshots(): Promise<string[]> {
    const own = `${this.volume}.`
    return (await this.#pool.volumes())
      .filter((name) => name.startsWith(own))
      .map((name) => name.slice(own.length))
  }

  async snapshot(name: string): Promise<void> {
    await this.#pool.clone(this.volume, `${this.volume}.${name}`)
  }

  async restore(name: string): Promise<void> {
    await this.#pool.clone(`${this.volume}.${name}`, this.volume)
  }

  async keepOnly(names: readonly string[]): Promise<void> {
    for (const name of await this.snapshots())
      if (!names.includes(name)) await this.#pool.remove(`${this.volume}.${name}`)
  }

  async remove(): Promise<void> {
    await this.keepOnly([])
    await this.#pool.remove(this.volume)
  }
}
