import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findProgram, programFolders, requireProgram } from '../../../config/lib/find.ts'

await t.test('finds executable files only, in the order of the folders', async (t) => {
  const folder = t.testdir({ plain: 'no program', folder: {} })
  writeFileSync(join(folder, 'bison'), '#!/bin/sh\n')
  chmodSync(join(folder, 'bison'), 0o755)
  t.equal(findProgram('bison', ['/nowhere', folder]), join(folder, 'bison'))
  t.equal(findProgram('plain', [folder]), undefined, 'not executable')
  t.equal(findProgram('folder', [folder]), undefined, 'a folder')
  t.equal(findProgram('bison', []), undefined)
  t.equal(findProgram(join(folder, 'bison'), []), join(folder, 'bison'), 'a path')
})

await t.test('searches the PATH, then the folders of administrators', async (t) => {
  t.strictSame(programFolders({ PATH: '/a:/b' }), ['/a', '/b', '/usr/sbin', '/sbin'])
  t.throws(() => requireProgram('no-such-program', 'test this'), {
    message: "could not find 'no-such-program', which is needed to test this",
  })
})
