import t from 'tap'
import { boot } from '../lib/machine.ts'

await t.test('a crash loop reboots the machine', async (t) => {
  const machine = await boot(t, 'crash-loop', {
    restart: { backoffInitial: 1, backoffMax: 10, crashLoopCount: 3, crashLoopWindow: 3600 },
  })
  for (let crash = 1; crash <= 3; crash++) {
    await machine.get('/exit?status=3').catch(() => undefined)
    await machine.waitFor('node.exited', crash)
    if (crash < 3) await machine.waitFor('health.ok', crash + 1)
  }
  await machine.waitFor('machine.rebooting')
  await machine.waitFor('init.started', 2)
  await machine.waitFor('health.ok', 4)
  t.equal(await machine.get('/healthz'), 'ok', 'it serves again')
  t.match(machine.events('node.exited'), [{ status: 3 }, { status: 3 }, { status: 3 }])
})
