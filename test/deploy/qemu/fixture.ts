import { spawn } from 'node:child_process'
import type { Test } from 'tap'
import { machineFiles } from '../../../deploy/qemu/console.ts'
import type { Machine } from '../../../deploy/qemu/machine.ts'
import { markProcess } from '../../../config/lib/process.ts'
import type { MachineSpec } from '../../../deploy/qemu/command.ts'

export interface StandIn {
  machine: Machine
  folder: string
  /** Ends the process. */
  end: () => void
}

/** A machine that could be booted, with some of it replaced. */
export function machineSpec(replaced: Partial<MachineSpec> = {}): MachineSpec {
  return {
    name: 'test',
    kernel: '/dist/kernel/vmlinux',
    append: 'root=/dev/vda',
    disks: ['/dist/runtime.erofs', '/dist/app.erofs'],
    memory: 256,
    cpus: 1,
    ports: [],
    bind: '127.0.0.1',
    network: { mode: 'dhcp', ipv6: 'auto' },
    instance: {},
    accelerator: 'tcg',
    ...replaced,
  }
}

/** A process in the place of QEMU, with files of which some are there. */
export function standIn(t: Test, files: { console?: string; 'qemu.log'?: string } = {}): StandIn {
  const { console = '', ...rest } = files
  const folder = t.testdir({ 'console.log': console, ...rest })
  const child = spawn('sleep', ['100'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const mark = markProcess(child.pid ?? 0)
  if (mark === undefined) throw new Error('sleep did not start')
  const machine: Machine = { ...mark, files: machineFiles(folder), ports: [], accelerator: 'kvm' }
  return { machine, folder, end: () => child.kill('SIGKILL') }
}
