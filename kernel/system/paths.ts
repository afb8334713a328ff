import { firmwarePrefix, guestPaths } from '../contract/paths.ts'

/** Where the system layer finds things in the machine. Tests replace them. */
export const machinePaths = {
  app: guestPaths.app,
  system: guestPaths.system,
  control: guestPaths.control,
  metrics: guestPaths.metrics,
  logs: guestPaths.logs,
  native: guestPaths.native,
  config: guestPaths.config,
  prefilled: guestPaths.prefilled,
  logFifo: guestPaths.logFifo,
  reports: guestPaths.reports,
  starts: guestPaths.starts,
  zones: guestPaths.zones,
  localtime: guestPaths.localtime,
  /** Folder of the virtio-serial ports. */
  ports: '/sys/class/virtio-ports',
  /** Folder of QEMU's fw_cfg items. */
  firmware: `/sys/firmware/qemu_fw_cfg/by_name/${firmwarePrefix}`,
  /** The kernel's command line. */
  commandLine: '/proc/cmdline',
  proc: '/proc',
  /** The kernel's log: each read returns one record. */
  kernelLog: '/dev/kmsg',
}

export type Paths = Record<keyof typeof machinePaths, string>
