import t from 'tap'
import { boot } from '../lib/machine.ts'

// One crash follows another here, without growing waits between them.
const restart = { backoffInitial: 50, backoffMax: 50, crashLoopCount: 20 }
const machine = await boot(t, 'restart', { restart })

const crashes: [path: string, end: object, why: string][] = [
  ['/throw', { status: 1 }, 'an uncaught exception'],
  ['/segfault', { signal: 11 }, 'a segmentation fault'],
  ['/heap', { signal: 6 }, 'running out of heap'],
  ['/exit?status=0', { status: 0 }, 'exit with status 0, by the default policy'],
]

for (const [index, [path, wanted, why]] of crashes.entries()) {
  await t.test(`${why} restarts Node, with the network still up`, async (t) => {
    const leases = machine.events('network.up').length
    await machine.get(path).catch(() => undefined)
    t.match(await machine.waitFor('node.exited', index + 1), wanted)
    await machine.waitFor('health.ok', index + 2)
    t.match(machine.events('network.up').slice(leases), [{ resumed: true }], 'the lease was taken over')
    t.equal(await machine.get('/healthz'), 'ok')
  })
}

await t.test('the machine itself did not restart', (t) => {
  t.equal(machine.events('init.started').length, 1)
  t.end()
})
