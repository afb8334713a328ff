import t from 'tap'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { answerOf } from '../../../lib/world.ts'
import { startHost } from '../../../lib/git-host.ts'
import { client, keepSending } from '../../../lib/load.ts'
import { freePort } from '../../../lib/ports.ts'

const target = await loadTarget('git')
const host = await startHost(t)
const other = { name: 'dns', port: await freePort() }

await t.test('two appliances of a host are deployed at once, and neither heeds the other', async (t) => {
  t.equal(host.run('add', other.name, '--trust', `${host.key}.pub`, '--bind', '127.0.0.1').status, 0)
  const one = await host.release(answering('one'))
  const two = await host.release(answering('two'))
  const dns = await host.release(answering('dns'), {
    hostname: other.name,
    ports: [{ guest: 8080, host: other.port }],
    deploy: { target: 'git', options: { remote: host.home.repository(other.name), key: host.key } },
  })
  await Promise.all([target.deploy(one.release, one.context), target.deploy(dns.release, dns.context)])
  t.equal(await answerOf(host.port), 'one no secret')
  t.equal(await answerOf(other.port), 'dns no secret')

  const asked = keepSending(client(other.port, 'keep-alive'))
  t.teardown(() => asked.stop())
  const { data: before } = await verb(target, 'status')(dns.context)
  await target.deploy(two.release, one.context)
  t.equal(await answerOf(host.port), 'two no secret')
  await verb(target, 'stop')(one.context)
  await until('nothing answers there', () =>
    answerOf(host.port).then(
      () => false,
      () => true,
    ),
  )
  await asked.stop()
  t.same(asked.failures, [])
  t.same([...asked.bodies.keys()], ['dns no secret'])
  const { data: after } = await verb(target, 'status')(dns.context)
  t.match(after, { running: true, number: 1, pid: before['pid'], restarts: 0 })
})
