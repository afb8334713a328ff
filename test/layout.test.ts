import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { root } from '../config/lib/paths.ts'

/** Modules that boot machines or compile the kernel of the tests. */
const machines = new Set([
  'test/lib/machine.ts',
  'test/lib/image-machine.ts',
  'test/deploy/data.ts',
  'test/lib/full.ts',
  'test/lib/story.ts',
])

/** What a file of the tests imports from the tests, itself included. */
function closure(file: string, seen = new Set<string>()): Set<string> {
  // A test of the build can hold the text of an import that leads nowhere.
  if (seen.has(file) || !existsSync(join(root, file))) return seen
  seen.add(file)
  const text = readFileSync(join(root, file), 'utf8')
  for (const [, path = ''] of text.matchAll(/from '(\.[^']+\.ts)'/g)) {
    const imported = relative(root, join(root, dirname(file), path))
    // Programs in strings have imports of their own.
    if (imported.startsWith('test/') && existsSync(join(root, imported))) closure(imported, seen)
  }
  return seen
}

await t.test('npm test boots one machine; the others boot in files named *.all.test.ts', async (t) => {
  const files = globSync('test/**/*.test.ts', { cwd: root, exclude: ['**/node_modules/**'] })
  const booting = files.filter((file) => [...closure(file)].some((each) => machines.has(each)))
  t.ok(booting.length > 10, 'booting tests are found')
  t.same(
    booting.filter((file) => !file.endsWith('.all.test.ts')),
    ['test/boot/promises.test.ts'],
  )
})
