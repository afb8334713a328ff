import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { killMachine, startMachine, stopMachine } from '../../../deploy/qemu/machine.ts'
import { isRunning } from '../../../config/lib/process.ts'
import { machineSpec } from './fixture.ts'

/** Puts a QEMU into the path whose KVM guests do what the script says, while others print to the console. */
function fakeQemu(t: Test, underKvm: string): string {
  const script = [
    '#!/bin/sh',
    'for word; do case $word in file,id=console,*) console=${word#*path=};; esac; done',
    `case " $* " in *" -accel kvm "*) ${underKvm};; *) echo hello > "$console"; exec sleep 100;; esac`,
  ]
  const folder = t.testdir({ 'qemu-system-x86_64': script.join('\n'), run: {} })
  chmodSync(join(folder, 'qemu-system-x86_64'), 0o755)
  const { PATH } = process.env
  process.env['PATH'] = `${folder}:${PATH}`
  t.teardown(() => (process.env['PATH'] = PATH))
  return join(folder, 'run')
}

const kvm = machineSpec({ accelerator: 'kvm' })
const fallback = true

for (const [why, script] of [
  ['stays silent', 'exec sleep 100'],
  ['ends at once', 'exit 1'],
  ['ends after a moment', 'sleep 1; exit 1'],
] as const) {
  await t.test(`a KVM guest that ${why} is restarted under emulation`, async (t) => {
    const state = fakeQemu(t, script)
    const machine = await startMachine(kvm, state, { fallback })
    t.teardown(async () => killMachine(machine))
    t.equal(machine.accelerator, 'tcg')
    t.ok(isRunning(machine))
  })
}

await t.test(
  'the command around QEMU is requested again for emulation, which needs more memory',
  async (t) => {
    const state = fakeQemu(t, 'exit 1')
    const asked: string[] = []
    const machine = await startMachine(kvm, state, {
      fallback,
      within: async (accelerator) => {
        asked.push(accelerator)
        return ['env', `HELD=${accelerator}`]
      },
    })
    t.teardown(async () => killMachine(machine))
    t.strictSame(asked, ['kvm', 'tcg'])
    t.match(readFileSync(`/proc/${machine.pid}/environ`, 'latin1'), 'HELD=tcg')
  },
)

await t.test('a machine that ignores its power button is killed', async (t) => {
  const state = fakeQemu(t, 'echo hello > "$console"; exec sleep 100')
  const machine = await startMachine(kvm, state, { fallback })
  t.equal(await stopMachine(machine, 1000), 'killed: it did not power off in time')
  t.notOk(isRunning(machine))
})

await t.test('a KVM guest that prints is kept', async (t) => {
  const state = fakeQemu(t, 'echo hello > "$console"; exec sleep 100')
  const machine = await startMachine(kvm, state, { fallback })
  t.teardown(async () => killMachine(machine))
  t.equal(machine.accelerator, 'kvm')
})

await t.test('with KVM as configured, there is no fallback', async (t) => {
  const state = fakeQemu(t, 'exit 1')
  await t.rejects(startMachine(kvm, state), /QEMU ended immediately/)
})

await t.test(
  'the output of a QEMU that ends immediately is reported, and a missing one is named',
  async (t) => {
    const state = fakeQemu(t, 'echo "kvm: no" >&2; exit 1')
    await t.rejects(startMachine(kvm, state), { message: 'QEMU ended immediately', hint: 'kvm: no' })
    process.env['PATH'] = state
    await t.rejects(startMachine(kvm, state), /could not find 'qemu-system-x86_64'/)
  },
)
