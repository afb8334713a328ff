import t from 'tap'
import { type Disk, handOver, requireSnapshot } from '../../../deploy/data/handover.ts'

const data = { label: 'data', size: 64 }

/** A disk in memory: its content, and its snapshots. */
class MemoryDisk implements Disk {
  content: string | undefined
  readonly kept = new Map<string, string>()

  async exists(): Promise<boolean> {
    return this.content !== undefined
  }

  async provide(): Promise<void> {
    this.content ??= 'nothing'
  }

  async snapshots(): Promise<string[]> {
    return [...this.kept.keys()]
  }

  async snapshot(name: string): Promise<void> {
    if (this.content === undefined) throw new Error('there is no disk')
    this.kept.set(name, this.content)
  }

  async restore(name: string): Promise<void> {
    const found = this.kept.get(name)
    if (found === undefined) throw new Error(`there is no snapshot ${name}`)
    this.content = found
  }

  async keepOnly(names: readonly string[]): Promise<void> {
    for (const name of this.kept.keys()) if (!names.includes(name)) this.kept.delete(name)
  }

  async remove(): Promise<void> {
    this.content = undefined
  }
}

await t.test('the data of the previous release are kept, and restored', async (t) => {
  const disk = new MemoryDisk()
  disk.content = 'of 1'
  const undo = await handOver(disk, { data, from: 1, restore: undefined, kept: [1, 2] })
  disk.content = 'of 2'
  await undo()
  t.equal(disk.content, 'of 1')
})

await t.test(
  'a release that is the first one, or the first after a destroy, has something to undo',
  async (t) => {
    const disk = new MemoryDisk()
    const undo = await handOver(disk, { data, from: undefined, restore: undefined, kept: [] })
    disk.content = 'of 1'
    await undo()
    t.equal(disk.content, 'nothing')
    disk.content = 'kept by destroy'
    const again = await handOver(disk, { data, from: undefined, restore: undefined, kept: [] })
    disk.content = 'of 1'
    await again()
    t.equal(disk.content, 'kept by destroy')
  },
)

await t.test('the restored snapshot may belong to a release that is not stored', async (t) => {
  const disk = new MemoryDisk()
  disk.content = 'of 7'
  disk.kept.set('release-1', 'of 1').set('release-2', 'of 2').set('release-6', 'of 6')
  await handOver(disk, { data, from: 7, restore: 1, kept: [6, 7, 8] })
  t.equal(disk.content, 'of 1')
  t.same([...disk.kept.keys()].sort(), ['release-1', 'release-6', 'release-7'])
})

await t.test('the undo is recorded before anything changes', async (t) => {
  const disk = new MemoryDisk()
  disk.content = 'of 2'
  disk.kept.set('release-1', 'of 1')
  let noted = ''
  await handOver(disk, { data, from: 2, restore: 1, kept: [1, 2] }, async () => {
    noted = `${disk.content}, ${disk.kept.get('release-2')}`
  })
  t.equal(noted, 'of 2, of 2')
  const refused = handOver(disk, { data, from: 3, restore: 2, kept: [2, 3] }, () => {
    throw new Error('no space')
  })
  await t.rejects(refused, { message: 'no space' })
  t.equal(disk.content, 'of 1', 'what cannot be noted is not done')
})

await t.test('a disk that cannot be prepared is unchanged', async (t) => {
  const disk = new MemoryDisk()
  disk.content = 'of 2'
  disk.kept.set('release-1', 'of 1')
  disk.provide = () => Promise.reject(new Error('no space'))
  const refused = handOver(disk, { data, from: 2, restore: 1, kept: [1, 2] })
  await t.rejects(refused, { message: 'no space' })
  t.equal(disk.content, 'of 2')
})

await t.test('a release without data leaves the disk alone', async (t) => {
  const disk = new MemoryDisk()
  disk.kept.set('release-1', 'of 1')
  await (
    await handOver(disk, { data: undefined, from: 1, restore: undefined, kept: [] })
  )()
  t.notOk(await disk.exists())
  t.same(await disk.snapshots(), ['release-1'])
})

await t.test('a missing snapshot is named with those that exist', async (t) => {
  const disk = new MemoryDisk()
  disk.kept.set('release-1', 'of 1')
  await requireSnapshot(disk, 1)
  await t.rejects(requireSnapshot(disk, 2), {
    message: /of the data of release 2/,
    hint: /available snapshots: release-1\./,
  })
})
