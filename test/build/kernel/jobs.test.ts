import { availableParallelism } from 'node:os'
import t from 'tap'
import { jobsFrom } from '../../../build/kernel/jobs.ts'

t.equal(jobsFrom(undefined), availableParallelism())
t.equal(jobsFrom('1'), 1)
t.equal(jobsFrom('64'), 64)
for (const text of ['two', '0', '', '-1', '1.5', '1e3', '4096', ' 2']) {
  t.throws(() => jobsFrom(text), { name: 'UserError', message: `NODEOS_JOBS: found "${text}"` }, text)
}
t.throws(() => jobsFrom('x', '--jobs'), { message: /^--jobs: / })
