import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { verb } from '../../../../deploy/target.ts'
import { readState, type State, writeState } from '../../../../deploy/targets/local/hypervisor.ts'
import local from '../../../../deploy/targets/local/index.ts'
import { strays } from '../../../../deploy/qemu/machine.ts'
import { markProcess } from '../../../../config/lib/process.ts'
import { qemuCommand } from '../../../../deploy/qemu/command.ts'
import { appRelease, folderOf } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { machineSpec } from '../../qemu/fixture.ts'

/** A process with QEMU's words, of a machine in that folder. */
async function stray(t: Test, folder: string): Promise<ChildProcess & { pid: number }> {
  const [, ...words] = qemuCommand(machineSpec(), { console: join(folder, 'console.log') })
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', ...words], {
    stdio: 'ignore',
  })
  t.teardown(() => child.kill('SIGKILL'))
  await until('it runs', () => child.pid !== undefined && markProcess(child.pid) !== undefined)
  // Between fork and exec it has the words of this process.
  await until('it has its own words', () => {
    return readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').includes(join(folder, 'console.log'))
  })
  return child as ChildProcess & { pid: number }
}

await t.test('a machine that no state file lists is found by its console', async (t) => {
  const [folder, other] = [folderOf(t), folderOf(t)]
  const { pid } = await stray(t, folder)
  const { pid: noted } = await stray(t, folder)
  await stray(t, other)
  t.strictSame(
    (await strays(folder, noted)).map((each) => each.pid),
    [pid],
  )
})

await t.test('stop ends a machine that a killed deploy left behind', async (t) => {
  const state = folderOf(t)
  const { context } = await appRelease(t, '', { hostname: 'left' })
  const child = await stray(t, state)
  const stop = async (): Promise<unknown> => (await verb(local, 'stop')({ ...context, state })).data
  t.match(await stop(), { stopped: true })
  await until('it has ended', () => child.signalCode === 'SIGKILL')
  t.match(await stop(), { stopped: false })
})

await t.test('a state is read back as it was written; a damaged one is ignored', async (t) => {
  const folder = join(t.testdir(), 'run')
  t.equal(await readState(folder), undefined)
  const state = { pid: 1, started: '2', name: 'a' } as State
  await writeState(folder, state)
  t.strictSame(await readState(folder), state)
  t.notOk(existsSync(join(folder, 'state.json.unfinished')))
  writeFileSync(join(folder, 'state.json'), '{ "pid": 1')
  t.equal(await readState(folder), undefined)
})
