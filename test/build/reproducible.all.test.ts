import { join } from 'node:path'
import t from 'tap'
import { hashFile } from '../../config/lib/hash.ts'
import { checkout } from '../lib/checkout.ts'

await t.test('two builds in different folders, without a cache, give the same layers', async (t) => {
  const hashes = []
  for (const attempt of ['one', 'two']) {
    const copy = checkout()
    t.teardown(() => copy.remove())
    for (const step of ['runtime', 'app']) {
      const built = copy.run(['node', `build/${step}.ts`], {
        XDG_CACHE_HOME: join(copy.path, 'cache', attempt),
      })
      t.equal(built.status, 0, built.output)
    }
    hashes.push({
      runtime: await hashFile(join(copy.path, 'dist/runtime.erofs')),
      app: await hashFile(join(copy.path, 'dist/app.erofs')),
    })
  }
  t.same(hashes[0], hashes[1])
})
