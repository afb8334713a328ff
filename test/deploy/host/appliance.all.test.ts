import { kill } from 'node:process'
import t from 'tap'
import { Appliance } from '../../../deploy/host/appliance.ts'
import { folderOf } from '../../lib/release.ts'
import { until } from '../../lib/until.ts'
import { machinesOn } from './machines.ts'

await t.test('the service survives a time without git', async (t) => {
  const machines = await machinesOn(t)
  const before = await machines.open()
  await (await before.hypervisor.boot(await machines.add({ number: 1 }), () => undefined)).commit()
  before.close()
  const logged: string[] = []
  const appliance = await Appliance.open(machines.home, machines.name, (text) => logged.push(text))
  t.teardown(() => appliance.close())
  appliance.start()
  await appliance.started
  t.match(await appliance.status(), { data: { running: true, number: 1, restarts: 0 } })

  const { PATH } = process.env
  process.env['PATH'] = folderOf(t)
  t.teardown(() => (process.env['PATH'] = PATH))
  await until('it is logged', () => logged.some((text) => text.includes('git')))
  process.env['PATH'] = PATH
  logged.length = 0
  kill(before.hypervisor.state.current?.pid ?? 0, 'SIGKILL')
  await until('the machine is started again', () => logged.includes('release 1 serves'))
  t.match(await appliance.status(), { data: { running: true, number: 1, restarts: 1 } })
})
