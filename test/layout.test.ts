import { globSync } from 'node:fs'
import t from 'tap'
import { root } from '../config/lib/paths.ts'
import { importsOf, sourceFiles } from './lib/imports.ts'

/** Modules that boot machines or compile the kernel of the tests. */
const machines = new Set([
  'test/lib/machine.ts',
  'test/lib/image-machine.ts',
  'test/deploy/data.ts',
  'test/lib/full.ts',
  'test/lib/story.ts',
])

const imports = Map.groupBy(importsOf(sourceFiles()), ({ from }) => from)

/** Returns a file of the tests and what it imports from the tests, directly or not. */
function closure(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const { to } of imports.get(file) ?? []) if (to.startsWith('test/')) closure(to, seen)
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
