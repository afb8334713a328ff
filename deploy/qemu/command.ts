import type { SystemConfig } from '../../config/system.types.ts'
import { portName } from '../../kernel/contract/control.ts'
import { firmwarePrefix } from '../../kernel/contract/paths.ts'

export type Accelerator = 'kvm' | 'tcg'

export interface PortForward {
  guest: number
  host: number
  protocol: 'tcp' | 'udp'
  /** Host address on which it listens. Default: that of the machine. */
  bind?: string
}

/** The description of a machine that QEMU runs. */
export interface MachineSpec {
  name: string
  kernel: string
  /** Kernel command line. */
  append: string
  /** Read-only raw disks in the order vda, vdb, … */
  disks: readonly string[]
  /** File of the data disk, qcow2 and writable. */
  data?: string
  /** Folder of the host that contains the app, for a machine that is started with `nodeos.app=9p`. */
  share?: string
  /** MiB. */
  memory: number
  cpus: number
  ports: readonly PortForward[]
  /** Host address on which forwarded ports listen. */
  bind: string
  network: Pick<SystemConfig['network'], 'mode' | 'address' | 'gateway' | 'ipv6'>
  /** QEMU's netdev `net0`. Default: user-mode networking, which forwards the ports. */
  netdev?: string
  instance: InstanceSpec
  accelerator: Accelerator
}

/** Per-machine settings: they are not in the image. */
export interface InstanceSpec {
  /** A file of `KEY=value` lines. */
  envFile?: string
  hostname?: string
  /** Whether the machine runs code from the control channel. */
  repl?: boolean
}

/** Files of a running machine. */
export interface MachineFiles {
  console: string
  /** QEMU's control socket. */
  qmp: string
  /** Socket of the machine's control channel. */
  control: string
}

/**
 * The CPU that the guest sees. Under emulation `rep movsb` runs one instruction a byte; a CPU that does not
 * advertise it as fast (ERMS) makes the kernel and glibc copy in words instead.
 */
const cpuModel: Record<Accelerator, string> = { kvm: 'host', tcg: 'max,-erms' }

/**
 * Returns the kernel command line of a release. On a busy host, an emulated timer may be so late that the kernel
 * considers it broken and panics, unless it recognises the hypervisor: `no_timer_check` is for the others.
 *
 * @param app the device of the app layer, or `9p` for a shared folder
 */
export function kernelCommandLine(
  { cmdline }: Pick<SystemConfig['kernel'], 'cmdline'>,
  app: '/dev/vdb' | '9p' = '/dev/vdb',
): string {
  return `root=/dev/vda ro init=/init console=ttyS0 quiet panic=1 no_timer_check nodeos.app=${app} ${cmdline}`.trim()
}

/** Returns the exact command that boots a machine; without a file, its console is QEMU's stdio. */
export function qemuCommand(spec: MachineSpec, files: Partial<MachineFiles>): [string, ...string[]] {
  return [
    'qemu-system-x86_64',
    ...['-name', spec.name],
    ...board(spec),
    ...['-kernel', spec.kernel],
    ...['-append', spec.append],
    ...spec.disks.flatMap(disk),
    ...(spec.data === undefined ? [] : dataDisk(spec.data)),
    ...(spec.share === undefined ? [] : shared(spec.share)),
    ...network(spec),
    ...['-device', 'virtio-rng-pci'],
    ...firmware(spec.instance),
    ...(files.control === undefined ? [] : control(files.control)),
    ...['-chardev', files.console === undefined ? 'stdio,id=console' : consoleDevice(files.console)],
    ...['-serial', 'chardev:console'],
    ...(files.qmp === undefined ? [] : ['-qmp', `unix:${comma(files.qmp)},server=on,wait=off`]),
  ]
}

/** The machine without its devices. */
export function board({
  accelerator,
  memory,
  cpus,
}: Pick<MachineSpec, 'accelerator' | 'memory' | 'cpus'>): string[] {
  return [
    ...['-machine', 'q35,usb=off,vmport=off,sata=off,smbus=off'],
    ...['-accel', accelerator],
    ...['-cpu', cpuModel[accelerator]],
    ...['-m', String(memory)],
    ...['-smp', String(cpus)],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
  ]
}

/** The file of the console. QEMU appends to it, so that it can be cut while the machine runs. */
export function consoleDevice(file: string): string {
  return `file,id=console,append=on,path=${comma(file)}`
}

function disk(file: string, index: number): string[] {
  return [
    '-drive',
    `if=none,id=disk${index},format=raw,readonly=on,file=${comma(file)}`,
    '-device',
    `virtio-blk-pci,drive=disk${index}`,
  ]
}

function dataDisk(file: string): string[] {
  return [
    ...['-drive', `if=none,id=data,format=qcow2,discard=unmap,file=${comma(file)}`],
    ...['-device', 'virtio-blk-pci,drive=data'],
  ]
}

function shared(folder: string): string[] {
  return [
    ...['-fsdev', `local,id=app,security_model=none,readonly=on,path=${comma(folder)}`],
    ...['-device', 'virtio-9p-pci,fsdev=app,mount_tag=/app'],
  ]
}

const networkDevice = ['-device', 'virtio-net-pci,netdev=net0,romfile=']

function network(spec: MachineSpec): string[] {
  if (spec.network.mode === 'none') return []
  return spec.netdev === undefined ? userNetwork(spec) : ['-netdev', spec.netdev, ...networkDevice]
}

/** User-mode networking: needs no privileges, and forwards ports of the host to the guest. */
export function userNetwork({
  network: config,
  ports,
  bind,
}: Pick<MachineSpec, 'network' | 'ports' | 'bind'>): string[] {
  if (config.mode === 'none') return []
  const guest = config.mode === 'static' ? (config.address?.split('/')[0] ?? '') : ''
  const parts = [
    'user',
    'id=net0',
    ...(config.mode === 'static' ? [`net=${config.address}`] : []),
    ...(config.mode === 'static' && config.gateway !== undefined ? [`host=${config.gateway}`] : []),
    ...(config.ipv6 === 'off' ? ['ipv6=off'] : []),
    ...ports.map(
      ({ protocol, host, guest: port, bind: own = bind }) =>
        `hostfwd=${protocol}:${own}:${host}-${guest}:${port}`,
    ),
  ]
  return ['-netdev', parts.join(','), ...networkDevice]
}

/** A virtio serial port. The kernel sets up queues for each port: two, since the first is reserved for a console. */
function control(socket: string): string[] {
  return [
    ...['-device', 'virtio-serial-pci,max_ports=2'],
    ...['-chardev', `socket,id=control,path=${comma(socket)},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=control,name=${portName}`],
  ]
}

function firmware({ envFile, hostname, repl }: InstanceSpec): string[] {
  return [
    ...(envFile === undefined ? [] : ['-fw_cfg', `name=${firmwarePrefix}/env,file=${comma(envFile)}`]),
    ...(hostname === undefined
      ? []
      : ['-fw_cfg', `name=${firmwarePrefix}/hostname,string=${comma(hostname)}`]),
    ...(repl === true ? ['-fw_cfg', `name=${firmwarePrefix}/repl,string=1`] : []),
  ]
}

/** A value inside QEMU's comma-separated options. */
function comma(value: string): string {
  return value.replaceAll(',', ',,')
}
