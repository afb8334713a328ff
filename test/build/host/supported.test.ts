import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { elsewhere, unsupported } from '../../../build/host/supported.ts'
import { root } from '../../../config/lib/paths.ts'
import { debian } from './fixture.ts'

await t.test('Linux on x86-64 with glibc builds', async (t) => {
  t.equal(unsupported(debian()), undefined)
  t.equal(unsupported(debian({ glibc: '2.34' })), undefined)
})

await t.test('says why others do not', async (t) => {
  t.equal(unsupported(debian({ platform: 'darwin' })), 'builds need Linux, and this host runs macOS')
  t.equal(unsupported(debian({ platform: 'win32' })), 'builds need Linux, and this host runs Windows')
  t.equal(unsupported(debian({ arch: 'arm64' })), 'builds need x86-64, and this host is arm64')
  t.match(unsupported(debian({ glibc: undefined })), /need glibc, which/)
  t.match(unsupported(debian({ glibc: '2.31' })), /glibc 2\.34 or newer, and .* has 2\.31/)
})

await t.test('everything that speaks to such a host points to the same place', async (t) => {
  for (const file of ['build/install.sh', 'build/host/unsupported.cjs']) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const line of elsewhere.split('\n')) t.ok(text.includes(line), `${file}: ${line}`)
  }
  t.ok(readFileSync(join(root, '.devcontainer/devcontainer.json'), 'utf8').includes('"name": "NodeOS"'))
})
