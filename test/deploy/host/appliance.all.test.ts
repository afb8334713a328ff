import { kill } from 'node:process'
import t from 'tap'
import { Appliance } from '../../../deploy/host/appliance.ts'
import { folderOf } from '../../lib/release.ts'
import { until } from '../../lib/until.ts'
import { machinesOn } from './machines.ts'

await t.test('a git that cannot be started for a while ends nothing', async (t) => {
  const machines = await machinesOn(t)
  const before = await machines.open()
  await before.replace(await before.bootNext(await machines.add({ number: 1 }), () => undefined))
  before.front.close()
  const said: string[] = []
  const appliance = await Appliance.open(machines.home, machines.name, (text) => said.push(text))
  t.teardown(() => appliance.close())
  appliance.start()
  await appliance.started
  t.match(await appliance.status(), { data: { running: true, number: 1, restarts: 0 } })

  const { PATH } = process.env
  process.env['PATH'] = folderOf(t)
  t.teardown(() => (process.env['PATH'] = PATH))
  await until('it is said', () => said.some((text) => text.includes('git')))
  process.env['PATH'] = PATH
  said.length = 0
  kill(before.state.current?.pid ?? 0, 'SIGKILL')
  await until('the machine is started again', () => said.includes('release 1 serves'))
  t.match(await appliance.status(), { data: { running: true, number: 1, restarts: 1 } })
})
