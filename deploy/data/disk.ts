import { existsSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { log } from '../../config/lib/log.ts'
import { runSync } from '../../config/lib/run.ts'
import { formatBytes } from '../../config/lib/units.ts'
import type { DataConfig, Disk } from './handover.ts'

const mebibyte = 2 ** 20

/** Creates a sparse file of the configured size with an empty ext4 file system. */
export async function makeFileSystem(file: string, { label, size }: DataConfig): Promise<void> {
  const disk = await open(file, 'wx')
  await disk.truncate(size * mebibyte)
  await disk.close()
  runSync(['mke2fs', '-q', '-t', 'ext4', '-m', '0', '-L', label, file], { purpose: 'create the data disk' })
}

/** Output of `qemu-img info`. */
interface Info {
  'virtual-size': number
  'actual-size': number
  snapshots?: { name: string }[]
}

/** A data disk in a qcow2 file, which also contains its snapshots. It may change only while the machine is off. */
export class DataDisk implements Disk {
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  /** For a person. */
  get place(): string {
    return this.file
  }

  async exists(): Promise<boolean> {
    return existsSync(this.file)
  }

  /** Creates it, or grows it to the configured size. */
  async provide(config: DataConfig): Promise<void> {
    if (!(await this.exists())) return this.#make(config)
    const { 'virtual-size': bytes } = this.#info()
    const wanted = config.size * mebibyte
    if (wanted > bytes) {
      log.step(`Growing the data disk from ${formatBytes(bytes)} to ${formatBytes(wanted)}`)
      runSync(['qemu-img', 'resize', '-q', '-f', 'qcow2', this.file, String(wanted)], {
        purpose: 'grow the data disk',
      })
    } else if (wanted < bytes) {
      log.warn(`the data disk keeps its ${formatBytes(bytes)}: data disks cannot shrink`)
    }
  }

  async #make(config: DataConfig): Promise<void> {
    log.step(`Creating a data disk of ${formatBytes(config.size * mebibyte)}: ${this.file}`)
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 })
    const raw = `${this.file}.unfinished-raw`
    await rm(raw, { force: true })
    try {
      await makeFileSystem(raw, config)
      await makeAtomic(this.file, async (unfinished) => {
        runSync(['qemu-img', 'convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, unfinished], {
          purpose: 'create the data disk',
        })
      })
    } finally {
      await rm(raw, { force: true })
    }
  }

  /** Lists the snapshots, also while a machine runs. */
  async snapshots(): Promise<string[]> {
    return (await this.exists()) ? (this.#info().snapshots ?? []).map(({ name }) => name) : []
  }

  /** Size for the machine and on the host, in bytes; also while a machine runs. */
  sizes(): { bytes: number; allocated: number } {
    const { 'virtual-size': bytes, 'actual-size': allocated } = this.#info()
    return { bytes, allocated }
  }

  async snapshot(name: string): Promise<void> {
    if ((await this.snapshots()).includes(name)) this.#forget(name)
    this.#command('-c', name, 'take a snapshot of the data disk')
  }

  async restore(name: string): Promise<void> {
    this.#command('-a', name, 'restore a snapshot of the data disk')
  }

  async keepOnly(names: readonly string[]): Promise<void> {
    for (const name of await this.snapshots()) if (!names.includes(name)) this.#forget(name)
  }

  /** For a person. */
  async describe(): Promise<string> {
    const { bytes, allocated } = this.sizes()
    const snapshots = await this.snapshots()
    const kept = snapshots.length === 0 ? '' : `, snapshots ${snapshots.join(' ')}`
    return `${this.file}: ${formatBytes(bytes)}, ${formatBytes(allocated)} on the host${kept}`
  }

  async remove(): Promise<void> {
    await rm(this.file, { force: true })
  }

  #forget(name: string): void {
    this.#command('-d', name, 'delete a snapshot of the data disk')
  }

  #command(what: '-a' | '-c' | '-d', name: string, purpose: string): void {
    runSync(['qemu-img', 'snapshot', '-q', what, name, this.file], { purpose })
  }

  #info(): Info {
    const text = runSync(['qemu-img', 'info', '--force-share', '--output=json', this.file], {
      purpose: 'inspect the data disk',
    })
    return JSON.parse(text) as Info
  }
}
