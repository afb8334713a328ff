import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../../../config/lib/paths.ts'

await t.test('README.md names every part that an app may import', (t) => {
  const kit = join(root, 'kernel/kit')
  const readme = readFileSync(join(kit, 'README.md'), 'utf8')
  const named = [...readme.matchAll(/`(?:#nodeos|…)\/([\w-]+)`/g)].map(([, name]) => `${name}.ts`)
  t.same(
    named.toSorted(),
    readdirSync(kit)
      .filter((file) => file.endsWith('.ts'))
      .toSorted(),
  )
  t.end()
})
