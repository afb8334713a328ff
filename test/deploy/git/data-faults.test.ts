import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { loadTarget, verb } from '../../../deploy/target.ts'
import { fullRelease } from '../../fixtures/full.ts'
import { until } from '../../fixtures/until.ts'
import { noting } from '../data.ts'
import { applianceName, running, startHost } from './host.ts'
import { load } from './load.ts'

t.setTimeout(20 * 60_000)

const patience = 180_000
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

await t.test('connections wait while one machine takes the place of the other', async (t) => {
  const two = await host.release(noting('two'), system, on)
  const fresh = load(host.port, 'fresh')
  await target.deploy(two.release, context)
  await wait(1000)
  await fresh.stop()
  t.same(fresh.failures, [])
  t.equal(await names(), 'one two')
  t.ok(fresh.answers.size >= 2, `answers of both: ${JSON.stringify([...fresh.answers])}`)
})

await t.test('a service that is killed in the middle undoes what was written, and goes on', async (t) => {
  // It writes, and is not healthy yet: there is time to kill the service in between.
  const slowly = noting('three', 'await new Promise((resolve) => setTimeout(resolve, 5000))')
  const three = await host.release(slowly, system, on)
  const deploy = target.deploy(three.release, context)
  await until('release 3 has written', () => consoleOf(3).includes('noted three'), patience)
  t.equal(host.kill(running.service), 1)
  await deploy
  await until('release 3 serves', async () => (await names().catch(() => '')).endsWith('three'), patience)
  t.equal(await names(), 'one two two three', 'what the first attempt has written is gone')
  t.match(host.log(), /what release 3 has written is undone/)
  t.match(await verb(target, 'status')(context), { data: { running: true, number: 3 } })
})
