import t from 'tap'
import { parseStatus } from './status.ts'

await t.test('adds up the processes', async (t) => {
  const status = 'VmRSS:\t  10 kB\nVmRSS:\t  20 kB\nMemTotal:  500 kB\nMemAvailable:  400 kB\n'
  t.same(parseStatus(status), { processes: 30 * 1024, guest: 100 * 1024 })
})

await t.test('reports a missing field', async (t) => {
  t.throws(() => parseStatus('MemTotal:  500 kB\n'), /missing VmRSS/)
})
