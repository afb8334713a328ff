import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { describeFile } from '../../../build/pipeline/record.ts'
import type { Manifest } from '../../../build/pipeline/manifest.ts'
import { choosePrevious } from '../../../deploy/release/report.ts'
import { bootable, ReleaseStore } from '../../../deploy/release/store.ts'
import type { Release } from '../../../deploy/target.ts'
import { folderOf } from '../../lib/release.ts'

async function built(t: Test, app: string): Promise<Release> {
  const dist = folderOf(t, { 'kernel/vmlinux': 'kernel', runtime: 'runtime', app })
  const artefacts = await Promise.all(
    bootable.map(async (name) => ({ ...(await describeFile(name, join(dist, name), {})), path: name })),
  )
  return { dist, manifest: { version: 1, app: '1.0.0', source: {}, artefacts } as unknown as Manifest }
}

const forge = async (_layer: unknown, file: string): Promise<void> => writeFileSync(file, 'forged')

await t.test('each layer is stored once', async (t) => {
  const store = new ReleaseStore(folderOf(t))
  const [one, two] = [await built(t, 'one'), await built(t, 'two')]
  t.equal(await store.bytesMissing(one.manifest), 'kernelruntimeone'.length)
  t.match(await store.addBuilt(one), { number: 1 })
  t.equal(await store.bytesMissing(two.manifest), 'two'.length)
  t.match(await store.addBuilt(two), { number: 2 })
  t.equal(readdirSync(join(store.folder, 'layers')).length, 4)
  t.match(await store.list(), [{ number: 2 }, { number: 1 }])
})

await t.test('a layer that does not match the manifest leaves nothing', async (t) => {
  const store = new ReleaseStore(folderOf(t))
  const { manifest } = await built(t, 'one')
  await t.rejects(store.add({ number: 1, manifest }, forge), {
    message: /kernel\/vmlinux of release 1 does not match/,
  })
  t.strictSame(readdirSync(join(store.folder, 'layers')), [])
  t.strictSame(await store.list(), [])
})

await t.test('damage is found, and repaired by adding the release again', async (t) => {
  const store = new ReleaseStore(folderOf(t))
  const release = await built(t, 'one')
  const kept = await store.addBuilt(release)
  t.strictSame(await store.damage(kept), [])
  const app = kept.manifest.artefacts.find(({ name }) => name === 'app')?.path ?? ''
  mkdirSync(join(store.folder, 'other'))
  writeFileSync(join(store.folder, app), 'rot')
  t.strictSame(await store.damage(kept), ['app'])
  await store.add({ number: 1, manifest: release.manifest }, async (_layer, file) =>
    writeFileSync(file, 'one'),
  )
  t.strictSame(await store.damage(kept), [])
  t.equal(readFileSync(join(store.folder, app), 'utf8'), 'one')
})

await t.test('the oldest releases are removed, with unused layers; the current one stays', async (t) => {
  const store = new ReleaseStore(folderOf(t))
  for (const app of ['one', 'two', 'three', 'four']) await store.addBuilt(await built(t, app))
  await store.prune(2, [1, undefined])
  t.match(await store.list(), [{ number: 4 }, { number: 3 }, { number: 1 }])
  t.equal(readdirSync(join(store.folder, 'layers')).length, 5)
})

await t.test('which release is the previous one', (t) => {
  const kept = [{ number: 5 }, { number: 4 }, { number: 2 }]
  t.equal(choosePrevious(kept, 5, undefined).number, 4)
  t.equal(choosePrevious(kept, 4, undefined).number, 2)
  t.equal(choosePrevious(kept, 5, 2).number, 2)
  t.throws(() => choosePrevious(kept, 2, undefined), { message: 'there is no previous release' })
  t.throws(() => choosePrevious(kept, 5, 3), { message: 'release 3 does not exist', hint: /5, 4, 2/ })
  t.end()
})
