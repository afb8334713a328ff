import { heapPercentage, primaryHeapPercentage, youngGeneration } from './heap.ts'
import type { SystemConfig } from '../../config/system.types.ts'

/** Paths in the machine. */
export const guestPaths = {
  node: '/bin/node',
  system: '/nodeos/system.mjs',
  control: '/nodeos/control.mjs',
  metrics: '/nodeos/metrics.mjs',
  logs: '/nodeos/logs.mjs',
  reports: '/run/nodeos/reports',
  starts: '/run/nodeos/starts',
  logFifo: '/run/nodeos/log',
  app: '/srv',
  config: '/srv/.nodeos/system.json',
  /** What the image has in folders that the app may write to. */
  prefilled: '/srv/.nodeos/writable',
} as const

/**
 * Node options that write a diagnostic report on fatal errors. Reports exclude the environment, which may hold
 * secrets, and sockets, whose names Node would look up in the DNS.
 */
export function reportOptions(folder: string): string[] {
  return [
    '--report-on-fatalerror',
    '--report-uncaught-exception',
    `--report-directory=${folder}`,
    '--report-compact',
    '--report-exclude-env',
    '--report-exclude-network',
  ]
}

/** Marks the process that PID 1 starts; the system layer removes it from the environment. */
export const startVariable = 'NODEOS_START'

/** The configuration that the system layer reads in the machine, from `/srv/.nodeos/system.json`. */
export type GuestConfig = Pick<
  SystemConfig,
  'hostname' | 'ports' | 'network' | 'health' | 'metrics' | 'logs' | 'restart'
> & {
  app: Pick<SystemConfig['app'], 'entry' | 'nodeOptions' | 'processes' | 'writable'>
}

/** Selects the part of the configuration that the machine itself needs. */
export function guestConfig({
  hostname,
  app,
  ports,
  network,
  health,
  metrics,
  logs,
  restart,
}: SystemConfig): GuestConfig {
  const { entry, nodeOptions, processes, writable } = app
  return {
    hostname,
    app: { entry, nodeOptions, processes, writable },
    ports,
    network,
    health,
    metrics,
    logs,
    restart,
  }
}

/** Where in the machine a folder of the app lies that it may write to. */
export function writableFolder(folder: string, place: 'tmp' | 'data'): string {
  return `/${place}/app-writable/${folder}`
}

/** Formats the settings of PID 1, `/srv/.nodeos/init.conf`: lines of `key value`. */
export function initConf(config: SystemConfig, extraEnv: Record<string, string> = {}): string {
  const { restart, logs, data } = config
  const lines = [
    ...nodeArguments(config).map((argument) => `arg ${argument}`),
    ...Object.entries(environment(config, extraEnv)).map(([name, value]) => `env ${name}=${value}`),
    `cwd ${guestPaths.app}`,
    `exit-zero ${restart.exitZero}`,
    `backoff-initial-ms ${restart.backoffInitial}`,
    `backoff-max-ms ${restart.backoffMax}`,
    `crash-loop-count ${restart.crashLoopCount}`,
    `crash-loop-window-s ${restart.crashLoopWindow}`,
    `drain-timeout-s ${restart.drainTimeout}`,
    `log-buffer-bytes ${logs.forward === undefined ? 0 : logs.buffer * 1024}`,
    ...(data === undefined ? [] : [`data ${data.label}`]),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** With one process, Node loads the system layer, then the app. With more, the system layer is the cluster primary. */
function nodeArguments({ app, machine }: SystemConfig): string[] {
  if (app.processes !== 1) {
    return [
      guestPaths.node,
      `--max-old-space-size-percentage=${primaryHeapPercentage}`,
      ...reportOptions(guestPaths.reports),
      guestPaths.system,
    ]
  }
  return [
    guestPaths.node,
    `--max-old-space-size-percentage=${heapPercentage(1)}`,
    ...youngGeneration(machine.memory, 1),
    ...reportOptions(guestPaths.reports),
    `--import=${guestPaths.system}`,
    ...app.nodeOptions,
    `${guestPaths.app}/${app.entry}`,
  ]
}

function environment({ app, ports }: SystemConfig, extra: Record<string, string>): Record<string, string> {
  const first = ports.find(({ protocol }) => protocol === 'tcp')
  return {
    [startVariable]: 'machine',
    PATH: '/bin',
    HOME: '/tmp',
    NODE_ENV: 'production',
    ...(first === undefined ? {} : { PORT: String(first.guest) }),
    ...extra,
    ...app.env,
  }
}
