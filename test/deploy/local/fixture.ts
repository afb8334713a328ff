import type { MachineSpec } from '../../../deploy/targets/local/qemu.ts'

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
