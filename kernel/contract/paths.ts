/** Paths in the machine that the build writes, or that init and the system layer share. */
export const guestPaths = {
  node: '/bin/node',
  /** Bundles of the system layer. */
  system: '/nodeos/system.mjs',
  control: '/nodeos/control.mjs',
  metrics: '/nodeos/metrics.mjs',
  logs: '/nodeos/logs.mjs',
  native: '/nodeos/native.node',
  /** Folder of the app layer. */
  app: '/srv',
  config: '/srv/.nodeos/system.json',
  initConf: '/srv/.nodeos/init.conf',
  /** The content that the image has in folders that the app may write to. */
  prefilled: '/srv/.nodeos/writable',
  data: '/data',
  zones: '/usr/share/zoneinfo',
  /** The link to the time zone of the machine. */
  localtime: '/run/localtime',
  hosts: '/run/hosts',
  resolvConf: '/run/resolv.conf',
  /** The FIFO that init copies the log to. */
  logFifo: '/run/nodeos/log',
  reports: '/run/nodeos/reports',
  /** Counts how often Node was started since power-on. */
  starts: '/run/nodeos/starts',
  /** The DHCP lease, kept across restarts of Node. */
  lease: '/run/nodeos/lease.json',
} as const

/** Prefix of the fw_cfg items with per-machine settings: `env`, `hostname` and `repl`. */
export const firmwarePrefix = 'opt/nodeos'

/** Returns where in the machine a writable folder of the app is. */
export function writableFolder(folder: string, place: 'tmp' | 'data'): string {
  return `/${place}/app-writable/${folder}`
}

/** Marks the process that init starts; the system layer removes it from the environment. */
export const startVariable = 'NODEOS_START'
