import { execFileSync } from 'node:child_process'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { buildInit, sourceInputs, toolInputs } from '../../../build/runtime/c-programs.ts'

function readelf(...args: string[]): string {
  return execFileSync('readelf', ['--wide', ...args], { encoding: 'utf8' })
}

await t.test('it is a small static program with no symbols', async (t) => {
  const out = join(t.testdir({}), 'init')
  await buildInit({ out })
  const { size, mode } = await stat(out)
  t.comment(`${size} bytes`)
  t.ok(size < 72 * 1024, 'some tens of kilobytes')
  t.equal(mode & 0o111, 0o111, 'executable')
  t.match(readelf('--file-header', out), /Type:\s+EXEC/)
  t.notMatch(readelf('--program-headers', out), /INTERP|DYNAMIC/, 'nothing to load at run time')
  t.notMatch(readelf('--section-headers', out), /\.symtab|\.debug_|\.note\.gnu\.build-id/)
  t.strictSame(await readdir(t.testdirName), ['init'], 'nothing else is left')
})

await t.test('two builds are the same bytes, with nothing of this machine in them', async (t) => {
  const folder = t.testdir({})
  await buildInit({ out: join(folder, 'a/init') })
  await buildInit({ out: join(folder, 'b/other') })
  const [a, b] = await Promise.all([readFile(join(folder, 'a/init')), readFile(join(folder, 'b/other'))])
  t.ok(a.equals(b))
  t.notOk(a.includes(process.cwd()))
})

await t.test('inputs name every source, the compilers and the libc', async (t) => {
  const inputs = await sourceInputs()
  for (const name of await readdir(join(import.meta.dirname, '../../../kernel/init'))) {
    t.match(inputs[`kernel/init/${name}`], /^[0-9a-f]{64}$/, name)
  }
  t.match(await toolInputs(), {
    'init compiler': /gcc/,
    'init libc': /^[0-9a-f]{64}$/,
    'native compiler': /gcc/,
  })
})

await t.test('without its compiler it says what is missing, and how to get it', async (t) => {
  const out = join(t.testdir({}), 'init')
  const path = process.env['PATH']
  t.teardown(() => void (process.env['PATH'] = path))
  process.env['PATH'] = t.testdirName
  await t.rejects(buildInit({ out }), {
    name: 'UserError',
    message: "could not find 'musl-gcc', which is needed to compile init",
    hint: /npm run doctor/,
  })
  await t.rejects(buildInit({ out, cc: 'other-gcc' }), /could not find 'other-gcc'/)
  t.strictSame(await readdir(t.testdirName), [], 'nothing half-made')
})
