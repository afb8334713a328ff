/** What to boot; paths of raw disks in the order vda, vdb, … */
export interface Guest {
  kernel: string
  append: string
  disks: string[]
  /** MiB. */
  memory?: number
  cpus?: number
  /** Port that the app listens on in the guest. */
  guestPort?: number
  /** More arguments for QEMU. */
  extra?: string[]
}

/** The plain command that boots a guest, console on stdout, `hostPort` of 127.0.0.1 leading to the app. */
export function guestCommand(guest: Guest, hostPort?: number): [string, ...string[]] {
  const disks = guest.disks.flatMap((file, index) => [
    '-drive',
    `if=none,id=disk${index},file=${file},format=raw,readonly=on`,
    '-device',
    `virtio-blk-pci,drive=disk${index}`,
  ])
  const forward = `user,id=net0,hostfwd=tcp:127.0.0.1:${hostPort}-:${guest.guestPort ?? 8080}`
  const network =
    hostPort === undefined ? [] : ['-netdev', forward, '-device', 'virtio-net-pci,netdev=net0,romfile=']
  const machine = ['-accel', 'tcg', '-machine', 'q35', '-cpu', 'max']
  const size = ['-m', String(guest.memory ?? 256), '-smp', String(guest.cpus ?? 1)]
  const plain = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio']
  const kernel = ['-kernel', guest.kernel, '-append', guest.append]
  return [
    'qemu-system-x86_64',
    ...machine,
    ...size,
    ...plain,
    ...kernel,
    ...disks,
    ...network,
    ...(guest.extra ?? []),
  ]
}
