import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { keepObjects, objectArchive, restoreObjects } from '../../../build/kernel/objects.ts'

const inputs = { source: 'linux 6', 'patch a.patch': '1', 'fragment base': '2', arch: 'x64' }

await t.test('objects fit every configuration of one source, its patches and one compiler', (t) => {
  const archive = objectArchive('/cache', inputs)
  t.match(archive, /^\/cache\/objects-[0-9a-f]{32}\.tar\.zst$/)
  t.equal(objectArchive('/cache', { ...inputs, 'fragment base': '3', 'fragment data': '4' }), archive)
  for (const other of [{ source: 'linux 7' }, { 'patch a.patch': '2' }, { 'patch b.patch': '1' }]) {
    t.not(objectArchive('/cache', { ...inputs, ...other }), archive)
  }
  t.end()
})

await t.test('keeps objects with their times, without images, in place of older ones', async (t) => {
  const folder = t.testdir({
    built: {
      vmlinux: 'large',
      '.config': 'a',
      arch: { bzImage: 'large', 'a.o': 'object', '.a.o.cmd': 'gcc' },
    },
    cache: { 'objects-old.tar.zst': '', 'kernel-1': {}, sources: {} },
    place: {},
  })
  const cache = join(folder, 'cache')
  const archive = join(cache, 'objects-new.tar.zst')
  await utimes(join(folder, 'built/arch/a.o'), 1000, 1000)
  await keepObjects(join(folder, 'built'), archive)
  t.strictSame((await readdir(cache)).sort(), ['kernel-1', 'objects-new.tar.zst', 'sources'])
  t.strictSame(await readdir(folder), ['built', 'cache', 'place'], 'nothing is left beside the objects')

  const objects = join(folder, 'place/objects')
  t.equal(await restoreObjects(archive, objects), true)
  t.strictSame((await readdir(objects)).sort(), ['.config', 'arch'])
  t.strictSame((await readdir(join(objects, 'arch'))).sort(), ['.a.o.cmd', 'a.o'])
  t.equal(await readFile(join(objects, 'arch/a.o'), 'utf8'), 'object')
  t.equal((await stat(join(objects, 'arch/a.o'))).mtimeMs, 1_000_000)
  t.strictSame(await readdir(join(folder, 'place')), ['objects'])
})

await t.test('starts with an empty folder if there are no objects, or only corrupt ones', async (t) => {
  const folder = t.testdir({ built: { 'a.o': 'object' } })
  const [archive, objects] = [join(folder, 'cache/objects-1.tar.zst'), join(folder, 'objects')]
  t.equal(await restoreObjects(archive, objects), false)
  t.strictSame(await readdir(objects), [])
  await mkdir(join(folder, 'cache'))
  await keepObjects(join(folder, 'built'), archive)
  const bytes = await readFile(archive)
  await writeFile(archive, bytes.subarray(0, bytes.length - 5))
  t.equal(await restoreObjects(archive, objects), false)
  t.strictSame(await readdir(objects), [])
  t.strictSame(await readdir(join(folder, 'cache')), [])
})
