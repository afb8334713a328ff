import { firstPort, type GuestConfig } from './guest-config.ts'
import { heapPercentage, primaryHeapPercentage, reportOptions, youngGeneration } from './node-options.ts'
import { guestPaths, startVariable } from './paths.ts'

/** Limits of `init.conf`, as in kernel/init/init.h. */
export const initLimits = { arguments: 64, variables: 256, bytes: 65_536 - 1 } as const

/** Keys of `init.conf`, as in kernel/init/conf.c. */
export const initKeys = [
  'arg',
  'env',
  'cwd',
  'data',
  'exit-zero',
  'backoff-initial-ms',
  'backoff-max-ms',
  'crash-loop-count',
  'crash-loop-window-s',
  'drain-timeout-s',
  'log-buffer-bytes',
] as const

type InitKey = (typeof initKeys)[number]

/** The configuration that `init.conf` is made from. */
export interface InitConfig extends Pick<GuestConfig, 'ports' | 'logs' | 'restart'> {
  app: Pick<GuestConfig['app'], 'entry' | 'nodeOptions' | 'processes'> & { env: Record<string, string> }
  machine: { memory: number }
  data?: { label: string }
}

/** Formats the settings of init, `guestPaths.initConf`: lines of `key value`. */
export function initConf(config: InitConfig, extraEnv: Record<string, string> = {}): string {
  const { restart, logs, data } = config
  const entries: [key: InitKey, value: string | number][] = [
    ...nodeArguments(config).map((argument): [InitKey, string] => ['arg', argument]),
    ...Object.entries(environment(config, extraEnv)).map(([name, value]): [InitKey, string] => [
      'env',
      `${name}=${value}`,
    ]),
    ['cwd', guestPaths.app],
    ['exit-zero', restart.exitZero],
    ['backoff-initial-ms', restart.backoffInitial],
    ['backoff-max-ms', restart.backoffMax],
    ['crash-loop-count', restart.crashLoopCount],
    ['crash-loop-window-s', restart.crashLoopWindow],
    ['drain-timeout-s', restart.drainTimeout],
    ['log-buffer-bytes', logs.forward === undefined ? 0 : logs.buffer * 1024],
  ]
  if (data !== undefined) entries.push(['data', data.label])
  return entries.map(([key, value]) => `${key} ${value}\n`).join('')
}

/** With one process, Node loads the system layer, then the app. With more, the system layer is the cluster primary. */
function nodeArguments({ app, machine }: InitConfig): string[] {
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

function environment({ app, ports }: InitConfig, extra: Record<string, string>): Record<string, string> {
  const first = firstPort({ ports })
  return {
    [startVariable]: 'machine',
    PATH: '/bin',
    HOME: '/tmp',
    NODE_ENV: 'production',
    ...(first === undefined ? {} : { PORT: String(first) }),
    ...extra,
    ...app.env,
  }
}
