import t from 'tap'
import { boot } from './boot.ts'

await t.test('the power button drains the app, then powers off', async (t) => {
  const machine = await boot(t, 'power-button', {})
  const slow = machine.get('/slow?ms=1500')
  await machine.get('/healthz')
  await machine.qmp('system_powerdown')
  t.equal(await slow, 'done', 'what was in flight is finished')
  await machine.exited()
  t.match(machine.event('shutdown.started'), { cause: 'power button' })
  t.match(machine.event('node.exited'), { status: 0 })
  t.ok(machine.event('shutdown.finished'))
})

await t.test('SIGTERM to PID 1 does the same', async (t) => {
  const machine = await boot(t, 'sigterm', {})
  await machine.get('/powerdown').catch(() => undefined)
  await machine.exited()
  t.match(machine.event('shutdown.started'), { cause: /Terminated/ })
})

await t.test('requests that do not end are cut shortly before the deadline', async (t) => {
  const machine = await boot(t, 'undrained', { restart: { drainTimeout: 2 } })
  const stuck = machine.get('/slow?ms=600000').catch(() => 'cut')
  await machine.get('/healthz')
  await machine.qmp('system_powerdown')
  await machine.exited()
  t.equal(await stuck, 'cut')
  t.ok(machine.event('app.undrained'))
  t.notOk(machine.event('shutdown.deadline'))
})

await t.test('an app that handles SIGTERM and does not end is killed at the deadline', async (t) => {
  const machine = await boot(t, 'deadline', { restart: { drainTimeout: 1 } })
  await machine.get('/ignore?signal=SIGTERM')
  await machine.qmp('system_powerdown')
  await machine.exited()
  t.notOk(machine.event('app.draining'), 'the drain was left to the app')
  t.ok(machine.event('shutdown.deadline'))
  t.ok(machine.event('shutdown.finished'))
})
