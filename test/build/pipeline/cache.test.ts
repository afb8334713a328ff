import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type Cache, fetchOwn, keptEntries, storeEntry } from '../../../build/pipeline/cache.ts'
import { cacheKey } from '../../../build/pipeline/key.ts'

async function stored(folder: string): Promise<{ cache: Cache; key: string }> {
  const cache = { own: join(folder, 'own'), others: [] }
  const key = cacheKey('thing', { source: 'a' })
  const from = join(folder, 'made')
  await mkdir(from)
  await writeFile(join(from, 'layer'), 'the bytes')
  await storeEntry(cache, key, from)
  return { cache, key }
}

await t.test('an entry is fetched as it was stored', async (t) => {
  const folder = t.testdir({})
  const { cache, key } = await stored(folder)
  t.equal(await fetchOwn(cache, key, join(folder, 'back')), true)
  t.equal(await readFile(join(folder, 'back/layer'), 'utf8'), 'the bytes')
  t.same(await readdir(cache.own), [key], 'nothing unfinished stays beside it')
})

await t.test('a damaged entry is not used, and removed', async (t) => {
  const folder = t.testdir({})
  const { cache, key } = await stored(folder)
  await writeFile(join(cache.own, key, 'layer'), 'the bites')
  t.equal(await fetchOwn(cache, key, join(folder, 'back')), false)
  t.same(await readdir(cache.own), [])
  await t.rejects(readdir(join(folder, 'back')), 'nothing of it is left where it was wanted')
})

await t.test('an entry without its file or with a broken index is not used', async (t) => {
  for (const [name, content] of [
    ['index.json', '{"version":1,"files":{"layer":'],
    ['index.json', '{"version":1,"files":{"other":"00"}}'],
    ['index.json', '{"version":1,"files":{"../escape":"00"}}'],
  ] as const) {
    const folder = t.testdir({})
    const { cache, key } = await stored(folder)
    await writeFile(join(cache.own, key, name), content)
    t.equal(await fetchOwn(cache, key, join(folder, 'back')), false, content)
  }
})

await t.test('of each kind, the entries that were used last are kept', async (t) => {
  const folder = t.testdir({ made: { layer: 'the bytes' } })
  const cache = { own: join(folder, 'own'), others: [] }
  const from = join(folder, 'made')
  const keys = Array.from({ length: keptEntries }, (_, index) => cacheKey('thing', { index: String(index) }))
  const other = cacheKey('other', {})
  for (const [age, key] of [other, ...keys].entries()) {
    await storeEntry(cache, key, from)
    await utimes(join(cache.own, key), 1000 + age, 1000 + age)
  }
  const [oldest = '', second = '', ...rest] = keys
  t.equal(await fetchOwn(cache, oldest, join(folder, 'back')), true, 'which makes it the youngest')
  const newest = cacheKey('thing', { index: 'new' })
  await storeEntry(cache, newest, from)
  t.same((await readdir(cache.own)).sort(), [oldest, newest, other, ...rest].sort())
  t.notOk(rest.includes(second))
})

await t.test(
  'leftovers of killed builds are removed after a day, running builds are not disturbed',
  async (t) => {
    const folder = t.testdir({
      made: { layer: 'x' },
      own: { '.unfinished-a-1': { layer: '' }, '.unfinished-b-2': {} },
    })
    const cache = { own: join(folder, 'own'), others: [] }
    await utimes(join(cache.own, '.unfinished-a-1'), 1000, 1000)
    const key = cacheKey('thing', {})
    await storeEntry(cache, key, join(folder, 'made'))
    t.same((await readdir(cache.own)).sort(), ['.unfinished-b-2', key])
  },
)

await t.test('two builds can store the same entry at once', async (t) => {
  const folder = t.testdir({ made: { layer: 'the bytes' } })
  const cache = { own: join(folder, 'own'), others: [] }
  const key = cacheKey('thing', {})
  await Promise.all(Array.from({ length: 20 }, async () => storeEntry(cache, key, join(folder, 'made'))))
  t.same(await readdir(cache.own), [key])
  t.equal(await fetchOwn(cache, key, join(folder, 'back')), true)
})
