import t from 'tap'
import { boot } from './boot.ts'

await t.test(
  'several processes share the port; one that crashes is replaced without the others',
  async (t) => {
    const machine = await boot(t, 'cluster', {
      app: { processes: 'auto' },
      machine: { cpus: 2 },
      // A busy host needs longer than a machine of its own.
      restart: { drainTimeout: 60 },
    })
    const pids = new Set<number>()
    for (let i = 0; i < 40 && pids.size < 2; i++) {
      const facts = (await machine.get('/machine')) as { pid: number; worker: boolean }
      t.equal(facts.worker, true)
      pids.add(facts.pid)
    }
    t.equal(pids.size, 2, 'both answer')
    await machine.get('/throw').catch(() => undefined)
    await machine.waitFor('worker.exited')
    t.equal(await machine.get('/healthz'), 'ok', 'the other one answers')
    await machine.waitFor('worker.started', 3)
    t.notOk(machine.event('node.exited'), 'the primary went on')
    await machine.qmp('system_powerdown')
    await machine.exited()
    t.match(machine.event('node.exited'), { status: 0 })
  },
)
