import { totalmem } from 'node:os'
import t from 'tap'
import { programFolders } from '../../../config/lib/find.ts'
import { hostFacts } from '../../../build/host/facts.ts'

await t.test('reads this host', async (t) => {
  const facts = hostFacts({ PATH: '/a:/b', C_INCLUDE_PATH: '/headers' })
  t.strictSame(facts.path.slice(0, 2), ['/a', '/b'])
  t.equal(facts.includes[0], '/headers', 'what the compiler is told comes first')
  t.equal(facts.platform, process.platform)
  t.match(facts.glibc, /^2\.\d+$/, 'tests run on a host that can build')
  t.ok(facts.memory > 64e6 && facts.memory <= totalmem())
  t.type(facts.distribution.name, 'string')
})

await t.test('an empty environment is no error', async (t) => {
  t.strictSame(hostFacts({}).path, programFolders({}))
})
