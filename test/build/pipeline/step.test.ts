import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Cache } from '../../../build/pipeline/cache.ts'
import { readRecord } from '../../../build/pipeline/record.ts'
import { runStep, type Step } from '../../../build/pipeline/step.ts'

function step(dist: string, source: string, made: string[], cache?: Cache): Step {
  return {
    label: 'Thing',
    name: 'thing',
    dist,
    inputs: { source },
    ...(cache === undefined ? {} : { cache }),
    async make(into) {
      made.push(source)
      await writeFile(join(into, 'file'), source)
    },
    async install(from) {
      await rename(join(from, 'file'), join(dist, 'thing.bin'))
      return { thing: join(dist, 'thing.bin') }
    },
  }
}

await t.test('a step runs once, and again only when an input or its result changes', async (t) => {
  const dist = t.testdir({})
  const made: string[] = []
  const [artefact] = await runStep(step(dist, 'one', made))
  t.match(artefact, { name: 'thing', bytes: 3, inputs: { source: 'one' } })
  await runStep(step(dist, 'one', made))
  t.same(made, ['one'])
  t.equal((await readRecord(join(dist, 'thing')))?.how, 'unchanged')
  await runStep(step(dist, 'two', made))
  await writeFile(join(dist, 'thing.bin'), '')
  await runStep(step(dist, 'two', made))
  t.same(made, ['one', 'two', 'two'])
  t.same((await readdir(dist)).sort(), ['thing.bin', 'thing.json'])
})

await t.test('a result with one wrong bit is made again, whatever its size and time', async (t) => {
  const dist = t.testdir({})
  const made: string[] = []
  await runStep(step(dist, 'one', made))
  const file = join(dist, 'thing.bin')
  const { atime, mtime } = await stat(file)
  await writeFile(file, 'ooe')
  await utimes(file, atime, mtime)
  await runStep(step(dist, 'one', made))
  t.same(made, ['one', 'one'])
  t.equal(await readFile(file, 'utf8'), 'one')
})

await t.test('the records of a copied folder point to its own files', async (t) => {
  const folder = t.testdir({ a: {} })
  const [a, b] = [join(folder, 'a'), join(folder, 'b')]
  const made: string[] = []
  await runStep(step(a, 'one', made))
  await cp(a, b, { recursive: true })
  const [artefact] = await runStep(step(b, 'one', made))
  t.equal(artefact?.path, join(b, 'thing.bin'))
  t.same(made, ['one'], 'they are current')
  await rm(a, { recursive: true })
  await runStep(step(b, 'one', made))
  t.same(made, ['one'], 'without those that they were copied from')
})

await t.test('the work of a killed build is removed, even when nothing changed', async (t) => {
  const dist = t.testdir({})
  await runStep(step(dist, 'one', []))
  await mkdir(join(dist, '.unfinished-thing/result-tree'), { recursive: true })
  await runStep(step(dist, 'one', []))
  t.same((await readdir(dist)).sort(), ['thing.bin', 'thing.json'])
})

await t.test('a cached result is used', async (t) => {
  const folder = t.testdir({ a: {}, b: {} })
  const cache = { own: join(folder, 'cache'), others: [] }
  const made: string[] = []
  await runStep(step(join(folder, 'a'), 'one', made, cache))
  await runStep(step(join(folder, 'b'), 'one', made, cache))
  t.same(made, ['one'])
  t.equal((await readRecord(join(folder, 'b/thing')))?.how, 'cached')
  t.equal(await readFile(join(folder, 'b/thing.bin'), 'utf8'), 'one')
})

await t.test('a failing step leaves the previous result, and nothing incomplete', async (t) => {
  const dist = t.testdir({})
  await runStep(step(dist, 'one', []))
  const failing: Step = {
    ...step(dist, 'two', []),
    async make(into) {
      await mkdir(join(into, 'half'))
      throw new Error('no')
    },
  }
  await t.rejects(runStep(failing), /no/)
  t.same((await readdir(dist)).sort(), ['thing.bin', 'thing.json'])
  t.equal(await readFile(join(dist, 'thing.bin'), 'utf8'), 'one')
})

await t.test('a damaged cache entry is made again', async (t) => {
  const folder = t.testdir({ a: {}, b: {} })
  const cache = { own: join(folder, 'cache'), others: [] }
  const made: string[] = []
  await runStep(step(join(folder, 'a'), 'one', made, cache))
  const [key] = await readdir(cache.own)
  await writeFile(join(cache.own, key ?? '', 'file'), 'two')
  await runStep(step(join(folder, 'b'), 'one', made, cache))
  t.same(made, ['one', 'one'])
  t.equal(await readFile(join(folder, 'b/thing.bin'), 'utf8'), 'one')
  await runStep({ ...step(join(folder, 'b'), 'one', made, cache), dist: join(folder, 'a') })
  t.equal(await readFile(join(cache.own, key ?? '', 'file'), 'utf8'), 'one', 'the entry is whole again')
})
