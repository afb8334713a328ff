import { heapPercentage, primaryHeapPercentage } from './heap.ts'
import type { SystemConfig } from './system.types.ts'

/** Where the layers put things in the machine. */
export const guestPaths = {
  node: '/bin/node',
  system: '/nodeos/system.mjs',
  app: '/srv',
  config: '/srv/.nodeos/system.json',
} as const

/** Marks the process that PID 1 starts; the system layer takes it out of the environment. */
export const startVariable = 'NODEOS_START'

/** What the system layer reads in the machine: `/srv/.nodeos/system.json`. */
export type GuestConfig = Pick<SystemConfig, 'hostname' | 'ports' | 'network' | 'health' | 'restart'> & {
  app: Pick<SystemConfig['app'], 'entry' | 'nodeOptions' | 'processes'>
}

/** The part of the configuration that the machine itself needs. */
export function guestConfig({ hostname, app, ports, network, health, restart }: SystemConfig): GuestConfig {
  const { entry, nodeOptions, processes } = app
  return { hostname, app: { entry, nodeOptions, processes }, ports, network, health, restart }
}

/** What PID 1 reads: `/srv/.nodeos/init.conf`, lines `key value`. */
export function initConf(config: SystemConfig, extraEnv: Record<string, string> = {}): string {
  const { restart } = config
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
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** One process: Node runs the app with the system layer loaded before it. More: the system layer is the primary. */
function nodeArguments({ app }: SystemConfig): string[] {
  if (app.processes !== 1) {
    return [guestPaths.node, `--max-old-space-size-percentage=${primaryHeapPercentage}`, guestPaths.system]
  }
  return [
    guestPaths.node,
    `--max-old-space-size-percentage=${heapPercentage(1)}`,
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
