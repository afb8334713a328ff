import t from 'tap'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { startHost } from '../../../lib/git-host.ts'
import { client, keepSending } from '../../../lib/load.ts'

const target = await loadTarget('git')
const host = await startHost(t)

await t.test('a deploy and a rollback under load lose no request', async (t) => {
  const one = await host.release(answering('one'))
  await target.deploy(one.release, one.context)
  const loads = (['keep-alive', 'keep-alive', 'new'] as const).map((connections) =>
    keepSending(client(host.port, connections)),
  )
  t.teardown(() => Promise.all(loads.map((each) => each.stop())))
  await until('every client has responses', () => loads.every(({ count }) => count() > 10))

  const two = await host.release(answering('two'))
  await target.deploy(two.release, two.context)
  await until('the new one answers all', () =>
    loads.every(({ bodies }) => (bodies.get('two no secret') ?? 0) > 10),
  )
  await until('the old one has ended', () => host.log().includes('release 1: powered off'))

  await verb(target, 'rollback')(two.context)
  const before = loads.map(({ bodies }) => bodies.get('one no secret') ?? 0)
  await until('the first answers all again', () =>
    loads.every(({ bodies }, index) => (bodies.get('one no secret') ?? 0) > (before[index] ?? 0) + 10),
  )
  await until('the second has ended', () => host.log().includes('release 2: powered off'))

  await Promise.all(loads.map((each) => each.stop()))
  for (const [index, each] of loads.entries()) {
    t.strictSame(
      each.failures,
      [],
      `${index < 2 ? 'keep-alive' : 'new connections'}: ${each.count()} requests`,
    )
    t.strictSame([...each.bodies.keys()].sort(), ['one no secret', 'two no secret'])
  }
})
