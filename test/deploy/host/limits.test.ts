import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  checkCgroup,
  describeLimits,
  limitsOfProcess,
  limiterFor,
  limitsFor,
  removeCgroup,
} from '../../../deploy/host/limits.ts'
import { scopeCommand } from '../../../deploy/host/systemd.ts'
import { folderOf } from '../../lib/release.ts'
import { until } from '../../lib/until.ts'
import { ownCgroup } from '../../lib/cgroup.ts'

await t.test('a machine may use its memory and CPUs, and what QEMU needs besides', (t) => {
  t.strictSame(limitsFor({ memory: 256, cpus: 2 }, 'kvm'), { memory: 512, cpus: 3, tasks: 130 })
  t.equal(limitsFor({ memory: 256, cpus: 2 }, 'tcg').memory, 1536, 'translated code')
  t.end()
})

await t.test('systemd gets every limit', (t) => {
  const command = scopeCommand({ memory: 512, cpus: 2, tasks: 130 })
  t.strictSame(command.slice(0, 2), ['systemd-run', '--user'])
  for (const property of ['MemoryMax=512M', 'CPUQuota=200%', 'TasksMax=130'])
    t.equal(command[command.indexOf(property) - 1], '-p', property)
  t.equal(command.at(-1), '--')
  t.end()
})

await t.test('missing limits are reported', (t) => {
  t.equal(describeLimits({ memory: 512, cpus: 2, tasks: 130 }), 'at most 512 MiB, 2 CPUs, 130 tasks')
  t.match(describeLimits({}), /^NO LIMIT for memory, CPUs, tasks: /)
  t.match(describeLimits({ memory: 512 }), /^at most 512 MiB; NO LIMIT for CPUs, tasks: /)
  t.end()
})

await t.test('a folder that is not a cgroup is refused, and nothing is left in it', async (t) => {
  const folder = folderOf(t)
  await t.rejects(checkCgroup(folder), {
    message: /is not a cgroup v2 that this user can use/,
    hint: /\/sys\/fs\/cgroup/,
  })
  t.strictSame(readdirSync(folder), [])
})

await t.test('without systemd and without a cgroup nothing limits a machine', async (t) => {
  t.strictSame(await limiterFor('lb-1', { memory: 64, cpus: 1, tasks: 8 }, {}, false), { command: [] })
})

const place = ownCgroup(t)

await t.test('a process is in the cgroup from its first instruction', { skip: place.why }, async (t) => {
  const cgroup = place.folder
  const limits = { memory: 100, cpus: 2, tasks: 60 }
  const limiter = await limiterFor('lb-1', limits, { cgroup: await checkCgroup(cgroup) }, false)
  const [program = '', ...argv] = limiter.command
  const child = spawn(program, [...argv, 'sleep', '60'], { stdio: 'ignore' })
  await until('it is there', () => wordsOf(child).startsWith('sleep'))
  const inside = readFileSync(join(cgroup, 'lb-1/cgroup.procs'), 'utf8')
  t.equal(inside.trim(), String(child.pid))
  const held = limitsOfProcess(child.pid ?? 0)
  const has = (name: string): boolean => place.controllers.includes(name)
  t.equal(held.memory, has('memory') ? limits.memory : undefined)
  t.equal(held.cpus, has('cpu') ? limits.cpus : undefined)
  t.equal(held.tasks, has('pids') ? limits.tasks : undefined)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await removeCgroup(limiter.cgroup ?? '')
  t.notOk(existsSync(join(cgroup, 'lb-1')), 'it is removed')
})

const noMemory =
  place.why !== false
    ? place.why
    : place.controllers.includes('memory')
      ? false
      : 'NOT TESTED: this cgroup v2 has no memory controller'
await t.test('a process that uses more memory than the limit is killed', { skip: noMemory }, async (t) => {
  const limiter = await limiterFor(
    'lb-2',
    { memory: 100, cpus: 2, tasks: 60 },
    { cgroup: place.folder },
    false,
  )
  const [program = '', ...argv] = limiter.command
  const hog = 'const all = []; for (;;) all.push(Buffer.alloc(1e6, 1))'
  const child = spawn(program, [...argv, process.execPath, '-e', hog], { stdio: 'ignore', env: {} })
  t.strictSame(await once(child, 'exit'), [null, 'SIGKILL'])
  await removeCgroup(limiter.cgroup ?? '')
})

function wordsOf({ pid }: ChildProcess): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
}
