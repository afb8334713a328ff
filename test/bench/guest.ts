import { type PortForward, qemuCommand } from '../../deploy/qemu/command.ts'

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
  /** Further ports of the guest that lead out of it. */
  forwards?: PortForward[]
  /** More arguments for QEMU. */
  extra?: string[]
}

/** The command that a deploy runs, with the console on stdout; `hostPort` of 127.0.0.1 leads to the app. */
export function guestCommand(guest: Guest, hostPort?: number): [string, ...string[]] {
  const { kernel, append, disks, memory = 256, cpus = 1, guestPort = 8080 } = guest
  const { forwards = [], extra = [] } = guest
  const port = hostPort === undefined ? [] : [{ host: hostPort, guest: guestPort, protocol: 'tcp' as const }]
  const command = qemuCommand(
    {
      ...{ name: 'bench', kernel, append, disks, memory, cpus },
      ...{ ports: [...port, ...forwards], bind: '127.0.0.1', instance: {}, accelerator: 'tcg' },
      network: { mode: hostPort === undefined ? 'none' : 'dhcp', ipv6: 'auto' },
    },
    {},
  )
  return [...command, '-no-reboot', ...extra]
}
