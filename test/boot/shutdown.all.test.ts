import t from 'tap'
import { boot } from '../lib/machine.ts'

// promises.test.ts presses the power button of an app that drains.

await t.test('SIGTERM to PID 1 drains; aborts requests that do not end by the deadline', async (t) => {
  const machine = await boot(t, 'undrained', { restart: { drainTimeout: 20 } })
  const held = machine.get('/held').catch(() => 'cut')
  const stuck = machine.get('/stuck').catch(() => 'cut')
  await machine.waitFor('probe.held')
  await machine.waitFor('probe.stuck')
  await machine.get('/powerdown').catch(() => undefined)
  await machine.exited()
  t.equal(await held, 'done', 'what can end well does')
  t.equal(await stuck, 'cut')
  t.match(machine.event('shutdown.started'), { cause: /Terminated/ })
  // Node cuts them half a second before init would. Where this host was too busy for that, init was first.
  t.ok(machine.event('app.undrained') ?? machine.event('shutdown.deadline'))
  t.ok(machine.event('shutdown.finished'))
})

await t.test('kills an app that handles SIGTERM and does not end by the deadline', async (t) => {
  const machine = await boot(t, 'deadline', { restart: { drainTimeout: 1 } })
  await machine.get('/ignore?signal=SIGTERM')
  await machine.qmp('system_powerdown')
  await machine.exited()
  t.notOk(machine.event('app.draining'), 'the drain was left to the app')
  t.ok(machine.event('shutdown.deadline'))
  t.ok(machine.event('shutdown.finished'))
})
