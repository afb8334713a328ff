import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { fullRelease } from '../../../lib/full.ts'
import { until } from '../../../lib/until.ts'
import { noting } from '../../data.ts'
import { applianceName, running, startHost } from '../../../lib/git-host.ts'
import { client, keepSending } from '../../../lib/load.ts'

const target = await loadTarget('git')
const host = await startHost(t)
const on = await fullRelease()
const system = { data: { size: 64 } }
const one = await host.release(noting('one'), system, on)
const context = one.context
await target.deploy(one.release, context)

const names = async (): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${host.port}/`, { headers: { connection: 'close' } })
  return (await response.text()).replace(/ \d+$/, '')
}

function consoleOf(release: number): string {
  const machines = join(host.home.folder(applianceName), 'machines')
  const name = readdirSync(machines).find((each) => each.startsWith(`${release}-`))
  const file = join(machines, name ?? '', 'console.log')
  return name !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : ''
}

await t.test('a deploy and a rollback lose no request: it waits while machines change', async (t) => {
  const two = await host.release(noting('two'), system, on)
  const loads = (['keep-alive', 'keep-alive', 'new'] as const).map((connections) =>
    keepSending(client(host.port, connections)),
  )
  t.teardown(() => Promise.all(loads.map((each) => each.stop())))
  const answered = (wanted: string) => () =>
    loads.every(({ bodies }) => [...bodies.keys()].some((body) => body.startsWith(`${wanted} `)))
  await until('the first answers all', answered('one'))
  await target.deploy(two.release, context)
  await until('the second answers all', answered('one two'))
  await verb(target, 'rollback')(context)
  await until('the first answers all again', answered('one two one'))
  await Promise.all(loads.map((each) => each.stop()))
  for (const { failures } of loads) t.same(failures, [])
})

await t.test('a service that is killed in the middle undoes what was written, and goes on', async (t) => {
  // It writes, and is not healthy yet: there is time to kill the service in between.
  const slowly = noting('three', 'await new Promise((resolve) => setTimeout(resolve, 5000))')
  const three = await host.release(slowly, system, on)
  const deploy = target.deploy(three.release, context)
  await until('release 4 has written', () => consoleOf(4).includes('noted three'))
  t.equal(host.kill(running.service), 1)
  await deploy
  await until('release 4 serves', async () => (await names().catch(() => '')).endsWith('three'))
  t.equal(await names(), 'one two one one three', 'what the first attempt has written is gone')
  t.match(host.log(), /undid the changes of release 4 to the data/)
  t.match(await verb(target, 'status')(context), { data: { running: true, number: 4 } })
})

await t.test('a service that is killed while the old machine drains begins again', async (t) => {
  const four = await host.release(noting('four'), system, on)
  // A request that is not complete: the machine waits for the rest of it.
  const slow = connect(host.port, '127.0.0.1')
  slow.on('error', () => undefined).write('GET / HTTP/1.1\r\n')
  t.teardown(() => slow.destroy())
  const deploy = target.deploy(four.release, context)
  await until('release 4 drains', () => consoleOf(4).includes('shutdown.started'))
  t.equal(host.kill(running.service), 1)
  await deploy
  await until('release 5 serves', async () => (await names().catch(() => '')).endsWith('four'))
  t.match(await names(), /^one two one one three (three )?four$/)
})
