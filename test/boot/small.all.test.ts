import t from 'tap'
import { boot } from '../lib/machine.ts'

await t.test('64 MB of memory serve 1,000 requests; exit 0 powers off when configured so', async (t) => {
  const machine = await boot(t, 'small', { machine: { memory: 64 }, restart: { exitZero: 'poweroff' } })
  for (let i = 0; i < 1000; i++) {
    const answer = await machine.get('/healthz')
    if (answer !== 'ok') t.fail(`request ${i}: ${JSON.stringify(answer)}`)
  }
  t.equal(machine.events('node.exited').length, 0)
  const heapLimit = (await machine.get('/heap-limit')) as number
  t.ok(heapLimit < 64 * 2 ** 20, `the heap limit (${heapLimit}) fits the machine`)
  await machine.get('/exit?status=0').catch(() => undefined)
  await machine.exited()
  t.ok(machine.event('shutdown.finished'))
})
