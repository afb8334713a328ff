import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { hostLibraries, librariesOfProgram } from '../../../build/host/libraries.ts'
import { compile, library } from '../app/fixture.ts'

await t.test('finds the libraries of a program at the paths where its loader finds them', (t) => {
  const listing = execFileSync('ldd', [process.execPath], { encoding: 'utf8' })
  const expected = [...listing.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path)
  const found = librariesOfProgram(process.execPath, hostLibraries('x64'))
  t.ok(expected.length > 3)
  t.same([...found.values()].map(({ file }) => file).sort(), expected.sort())
  t.same([...found.keys()].sort(), expected.map((path) => basename(path)).sort())
  t.end()
})

await t.test('names the libraries that this host does not have', (t) => {
  const folder = t.testdir({})
  const program = compile(`${folder}/program`, { libraries: [library(folder, 'libabsent.so.1')] })
  t.throws(() => librariesOfProgram(program, hostLibraries('x64')), {
    message: `${program} needs libraries that this host does not have: libabsent.so.1`,
    hint: /npm run doctor/,
  })
  t.end()
})

await t.test('prefers the file of a library that runs on every CPU', (t) => {
  const folder = t.testdir({
    ldconfig: `#!/bin/sh
echo '	liba.so.1 (libc6,x86-64, hwcap: "x86-64-v3") => /lib/glibc-hwcaps/x86-64-v3/liba.so.1'
echo '	liba.so.1 (libc6,x86-64) => /lib/liba.so.1'
echo '	liba.so.1 (libc6) => /lib32/liba.so.1'
`,
  })
  chmodSync(`${folder}/ldconfig`, 0o755)
  t.intercept(process, 'env', { value: { ...process.env, PATH: folder } })
  t.same([...hostLibraries('x64')], [['liba.so.1', '/lib/liba.so.1']])
  t.end()
})
