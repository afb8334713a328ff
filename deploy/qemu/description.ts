import type { SystemConfig } from '../../config/system.types.ts'
import { healthPort } from '../../kernel/contract/guest-config.ts'
import { type Accelerator, kernelCommandLine, type MachineSpec, type PortForward } from './command.ts'

/** The files that a machine boots from, and the configuration that they were built with. */
export interface BootFiles {
  kernel: string
  runtime: string
  app: string
  system: Pick<SystemConfig, 'hostname' | 'kernel' | 'machine' | 'ports' | 'network'>
}

/** Per-machine values, and overrides of the configuration. */
export interface MachineOptions {
  accelerator: Accelerator
  /** Default: the hostname of the configuration. */
  name?: string | undefined
  /** Default: the ports that the configuration publishes. */
  ports?: readonly PortForward[]
  /** Host address on which forwarded ports listen. Default: 127.0.0.1. */
  bind?: string
  /** MiB. Default: as configured. */
  memory?: number
  /** Added to the kernel command line. Default: as configured. */
  cmdline?: string
  /** File of the data disk. */
  data?: string | undefined
  /** Folder of the host that replaces the app layer. */
  share?: string
  netdev?: string | undefined
  instance?: MachineSpec['instance']
}

/** Describes the machine that boots a release. */
export function describeMachine(
  { kernel, runtime, app, system }: BootFiles,
  options: MachineOptions,
): MachineSpec {
  const { cmdline = system.kernel.cmdline, data, netdev, share } = options
  return {
    name: options.name ?? system.hostname,
    kernel,
    append: kernelCommandLine({ cmdline }, share === undefined ? '/dev/vdb' : '9p'),
    disks: share === undefined ? [runtime, app] : [runtime],
    ...(data === undefined ? {} : { data }),
    ...(share === undefined ? {} : { share }),
    memory: options.memory ?? system.machine.memory,
    cpus: system.machine.cpus,
    ports: options.ports ?? publishedPorts(system),
    bind: options.bind ?? '127.0.0.1',
    network: system.network,
    ...(netdev === undefined ? {} : { netdev }),
    instance: options.instance ?? {},
    accelerator: options.accelerator,
  }
}

/** Returns the ports that a configuration publishes: a guest port has the same number on the host unless it says otherwise. */
export function publishedPorts({ ports }: Pick<SystemConfig, 'ports'>): PortForward[] {
  return ports.map(({ guest, host = guest, protocol }) => ({ guest, host, protocol }))
}

/** The URL of the health check from this host; undefined if no forwarded port leads to it. */
export function healthUrl(
  system: Pick<SystemConfig, 'health' | 'ports'>,
  { ports, bind }: Pick<MachineSpec, 'ports' | 'bind'>,
): string | undefined {
  const guest = healthPort(system)
  const port = ports.find((each) => each.protocol === 'tcp' && each.guest === guest)
  const address = bind === '0.0.0.0' ? '127.0.0.1' : bind
  return port === undefined ? undefined : `http://${address}:${port.host}${system.health.path}`
}
