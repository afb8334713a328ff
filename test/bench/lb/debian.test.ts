import t from 'tap'
import { optionsOf, sourcesOf } from './debian.ts'

await t.test('takes the mirrors of the release and of its updates', async (t) => {
  const targets = [
    'Packages http://mirror.test/debian bookworm main',
    'Packages http://mirror.test/debian bookworm contrib',
    'Packages http://mirror.test/security bookworm-security main',
    'Translations http://mirror.test/debian bookworm main',
    'Packages http://other.test nodistro main',
    'Packages http://mirror.test/debian bookworm-backports main',
  ]
  t.same(sourcesOf('bookworm', targets.join('\n'), '/no/such/keyring'), [
    'deb http://mirror.test/debian bookworm main',
    'deb http://mirror.test/security bookworm-security main',
  ])
})

await t.test('keeps proxies and settings for frozen mirrors, and drops hooks', async (t) => {
  const dump = [
    'Acquire::Check-Valid-Until "false";',
    'Acquire::http::Proxy "http://proxy.test:3128";',
    'Acquire::http "";',
    'DPkg::Post-Invoke:: "rm -rf /";',
  ]
  t.same(optionsOf(dump.join('\n')), dump.slice(0, 2))
})
