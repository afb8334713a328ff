import t from 'tap'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { startHost } from '../../../lib/git-host.ts'
import { type Load, load } from '../../../lib/host-load.ts'

const target = await loadTarget('git')
const host = await startHost(t)

const total = ({ answers }: Load): number => [...answers.values()].reduce((sum, count) => sum + count, 0)

await t.test('a deploy and a rollback under load lose no request', async (t) => {
  const one = await host.release(answering('one'))
  await target.deploy(one.release, one.context)
  const loads = [load(host.port, 'kept'), load(host.port, 'kept'), load(host.port, 'fresh')]
  t.teardown(() => Promise.all(loads.map((each) => each.stop())))
  await until('all ask', () => loads.every((each) => total(each) > 10))

  const two = await host.release(answering('two'))
  await target.deploy(two.release, two.context)
  await until('the new one answers all', () =>
    loads.every(({ answers }) => (answers.get('two no secret') ?? 0) > 10),
  )
  await until('the old one has ended', () => host.log().includes('release 1: powered off'))

  await verb(target, 'rollback')(two.context)
  const before = loads.map(({ answers }) => answers.get('one no secret') ?? 0)
  await until('the first answers all again', () =>
    loads.every(({ answers }, index) => (answers.get('one no secret') ?? 0) > (before[index] ?? 0) + 10),
  )
  await until('the second has ended', () => host.log().includes('release 2: powered off'))

  await Promise.all(loads.map((each) => each.stop()))
  for (const [index, each] of loads.entries()) {
    t.strictSame(each.failures, [], `${index < 2 ? 'a kept' : 'a fresh'} connection: ${total(each)} requests`)
    t.strictSame([...each.answers.keys()].sort(), ['one no secret', 'two no secret'])
  }
})
