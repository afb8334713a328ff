import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { awaitHealth } from '../../../../deploy/release/health.ts'
import { domainType } from '../../../../deploy/targets/libvirt/domain.ts'
import { DomainMachine, lastReport } from '../../../../deploy/targets/libvirt/machine.ts'
import { Pool, virshOn } from '../../../../deploy/targets/libvirt/virsh.ts'
import { system } from '../../failure/fixture.ts'
import { Hypervisor } from './hypervisor.ts'

await t.test('the states of a domain', async (t) => {
  const hypervisor = new Hypervisor()
  const machine = new DomainMachine('m', hypervisor, await Pool.open(hypervisor, 'images'))
  t.match(await machine.state(), { off: true, running: false }, 'it is not defined')
  const domain = { xml: '', autostart: false, state: '' }
  hypervisor.domains.set('m', domain)
  for (const [state, expected] of [
    ['running (booted)', { off: false, running: true }],
    ['paused (I/O error)', { off: false, running: false, text: 'paused (I/O error)' }],
    ['in shutdown (unknown)', { off: false, running: false }],
    ['shut off (destroyed)', { off: true, running: false }],
    ['crashed (panicked)', { off: true, running: false }],
  ] as const) {
    domain.state = state
    t.match(await machine.state(), expected, state)
  }
  domain.state = 'no state'
  await t.rejects(machine.state(), { message: /'no state'/ })
})

await t.test('a failing virsh does not count as a machine that is off', async (t) => {
  const virsh = virshOn('qemu:///session?socket=/nonexistent')
  await t.rejects(virsh.ask('domstate', 'm'), { message: /virsh domstate on .* failed/ })
})

await t.test('a machine that fails: the cause, and the console in a file of its own', async (t) => {
  const hypervisor = new Hypervisor()
  const machine = new DomainMachine('m', hypervisor, await Pool.open(hypervisor, 'images'))
  hypervisor.domains.set('m', { xml: '', autostart: false, state: 'running (booted)' })
  const { signal } = new AbortController()
  const failedConsole = join(t.testdir(), 'failed-console.log')
  const waiting = { system: system({ timeout: 5 }), failedConsole, signal }
  for (const [console, message] of [
    [
      '{"event":"node.exited","status":1,"ran_ms":5}\n{"event":"machine.rebooting","cause":"3 ends within 60 s"}\n',
      'the app ends by itself: it ended once, exit status 1',
    ],
    [
      '{"event":"init.failed","error":"data: no disk has an ext4 file system with the label x"}\n',
      'the data disk is missing: data: no disk has an ext4 file system with the label x',
    ],
    [
      '{"event":"app.listening","address":"127.0.0.1","port":8080}\n{"event":"health.failed","final":true}\n',
      "the app listens on 127.0.0.1:8080 only, which cannot be reached from outside: listen on '::'",
    ],
  ] as const) {
    hypervisor.volumes.set(machine.consoleVolume, console)
    const health = awaitHealth(machine.watch({}, true), waiting, {
      update: () => undefined,
      done: () => undefined,
    })
    await t.rejects(health, { message, hint: new RegExp(`the whole console: ${failedConsole}`) })
    t.equal(readFileSync(failedConsole, 'utf8'), console)
  }
})

await t.test('the last report on the health of a machine', (t) => {
  const well = line(1, 'node.started') + line(2, 'health.ok') + line(3, 'lease.bound')
  t.equal(lastReport('', {}), undefined)
  t.strictSame(lastReport(well, {}), { healthy: true, time: '2026-01-01T00:00:02Z' })
  const ended = well + line(4, 'node.exited')
  t.strictSame(lastReport(ended, {}), { healthy: false, time: '2026-01-01T00:00:04Z' })
  const again = ended + line(5, 'node.started')
  t.strictSame(lastReport(again, {}), { healthy: false, time: '2026-01-01T00:00:05Z' })
  t.strictSame(lastReport(again, { unasked: true }), { healthy: true, time: '2026-01-01T00:00:05Z' })
  t.end()
})

await t.test('KVM if the hypervisor has it, unless configured otherwise', async (t) => {
  const asked: string[] = []
  const having = (kvm: boolean) => ({
    run: async (...command: string[]): Promise<string> => {
      asked.push(command.join(' '))
      if (!kvm) throw new Error('KVM is not supported')
      return '<domainCapabilities/>'
    },
  })
  t.equal(await domainType(having(true), { env: {} }), 'kvm')
  t.equal(await domainType(having(false), { env: {} }), 'qemu')
  t.strictSame(new Set(asked), new Set(['domcapabilities --virttype kvm --machine q35']))
  t.equal(await domainType(having(false), { env: { NODEOS_ACCEL: 'kvm' } }), 'kvm')
  t.equal(await domainType(having(true), { env: { NODEOS_ACCEL: 'tcg' } }), 'qemu')
})

function line(second: number, event: string): string {
  return `{"time":"2026-01-01T00:00:0${second}Z","uptime":1,"stage":"app","event":"${event}"}\n`
}
