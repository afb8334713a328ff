/**
 * The system layer. PID 1 starts Node with it loaded before the app or, with several processes, as the main
 * program. Workers, threads and forks of the app load it too, by inheritance.
 */
import { guestPaths } from '../contract/paths.ts'
import { start } from './start.ts'

await start({
  isMain: import.meta.main,
  self: import.meta.url,
  app: guestPaths.app,
  system: guestPaths.system,
  control: guestPaths.control,
  metrics: guestPaths.metrics,
  logs: guestPaths.logs,
  logFifo: guestPaths.logFifo,
  ports: '/sys/class/virtio-ports',
  reports: guestPaths.reports,
  starts: guestPaths.starts,
  config: guestPaths.config,
  prefilled: guestPaths.prefilled,
  native: '/nodeos/native.node',
  firmware: '/sys/firmware/qemu_fw_cfg/by_name/opt/nodeos',
  commandLine: '/proc/cmdline',
  proc: '/proc',
  kernelLog: '/dev/kmsg',
  zones: '/usr/share/zoneinfo',
  localtime: '/run/localtime',
})
