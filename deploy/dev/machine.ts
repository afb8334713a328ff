import { connect } from 'node:net'
import { join } from 'node:path'
import { planApp } from '../../build/app/stage.ts'
import { npmNode } from '../../build/runtime/node.ts'
import { describeError, UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Control, openControl } from '../control/client.ts'
import { DataDisk } from '../data/disk.ts'
import { type Context as FailedContext, explain } from '../failure/explain.ts'
import type { PortForward } from '../qemu/command.ts'
import { streamConsole } from '../qemu/console.ts'
import { startMachine, stopMachine } from '../qemu/machine.ts'
import { describeWithOptions, readOptions } from '../qemu/options.ts'
import { nextFreePort, portProblem, requireFreePorts } from '../qemu/ports.ts'
import { bootFiles } from '../release/dist.ts'
import { failedContext } from '../release/health.ts'
import type { Context, Release } from '../target.ts'
import { Share, watchApp } from './source.ts'

export interface MachineOptions {
  root: string
  config: SystemConfig
  release: Release
  context: Context
  /** Port of the inspector, on 127.0.0.1. */
  inspect: number
}

const guestInspect = 9229
/** After a change the app restarts soon, even while a WebSocket or an event stream is open. */
const drainSeconds = 2

/** Boots the machine with the app in a folder that it shares with this host, and restarts the app after each change. */
export async function runInMachine({
  root,
  release,
  context,
  inspect,
  ...options
}: MachineOptions): Promise<void> {
  const config = forDevelopment(options.config)
  if (options.config.app.processes !== 1)
    log.info('npm run dev runs the app in one process, so that the inspector can attach to it')
  const folder = join(context.state, 'app')
  const share = new Share(folder)
  const { binary: node } = await npmNode(config.machine.arch)
  const lay = (): void => share.lay(planApp({ root, config, node }).tree)
  lay()
  const qemuOptions = await readOptions(config.deploy.options)
  const disk = new DataDisk(join(context.state, 'data.qcow2'))
  const { spec } = describeWithOptions({ ...bootFiles(release), system: config }, qemuOptions, context.env, {
    data: config.data === undefined ? undefined : disk.file,
    share: folder,
  })
  await requireFreePorts(spec.ports, spec.bind)
  const ports = [...spec.ports, await inspectorPort(inspect)]
  if (config.data !== undefined) await disk.provide(config.data)
  const machine = await startMachine({ ...spec, ports }, context.state)
  log.step(
    `Booting ${spec.name} (${machine.accelerator}); inspector: 127.0.0.1:${inspect}; press Ctrl-C to stop`,
  )
  const stopWatching = watchApp(root, ['app', 'config', ...config.app.include], (path) => {
    log.step(`${path} changed`)
    // The connection takes a moment: the app is written meanwhile.
    const control = openControl(connect(machine.files.control))
    refresh(lay)
    restart(control).catch((error: unknown) => log.warn(describeError(error)))
  })
  try {
    const failed = { ...failedContext(config), emulated: machine.accelerator === 'tcg' }
    await streamConsole(machine, true, context.signal, withCauses(context.print, failed, log.warn))
  } finally {
    stopWatching()
    await stopMachine(machine, config.restart.drainTimeout * 1000)
  }
}

/** The inspector runs code in the app: it listens on loopback only, wherever the app listens. */
async function inspectorPort(host: number): Promise<PortForward> {
  const port = { guest: guestInspect, host, protocol: 'tcp', bind: '127.0.0.1' } as const
  const problem = await portProblem(port, port.bind)
  if (problem === undefined) return port
  const free = await nextFreePort(host + 1, port.protocol, port.bind)
  throw new UserError(problem, { hint: `npm run dev -- --inspect-port ${free}` })
}

/** An app that does not start is not a crash loop: the next save may correct it. */
function forDevelopment(config: SystemConfig): SystemConfig {
  return {
    ...config,
    app: {
      ...config.app,
      processes: 1,
      env: { ...config.app.env, NODE_ENV: 'development' },
      nodeOptions: [`--inspect=0.0.0.0:${guestInspect}`, ...config.app.nodeOptions],
    },
    restart: {
      ...config.restart,
      backoffInitial: 100,
      backoffMax: 500,
      crashLoopCount: 1000,
      drainTimeout: Math.min(config.restart.drainTimeout, drainSeconds),
    },
  }
}

/** Keeps the old app if the new one has an error, with a warning. */
function refresh(lay: () => void): void {
  try {
    lay()
  } catch (error) {
    log.warn(describeError(error))
  }
}

/** Restarts the app; init restarts one that has ended. */
async function restart(opening: Promise<Control>): Promise<void> {
  const control = await opening
  try {
    await control.call('app.restart', {})
  } finally {
    control.close()
  }
}

/** Events that end an attempt to run the app. */
const failed = /"event":"(?:node\.exited|health\.failed|init\.failed)".*\n|Kernel panic - not syncing.*\n/
/** Events before an intended end: a restart after a change, or a shutdown. */
const onPurpose = /"event":"(?:app\.restarting|app\.draining|shutdown\.started)"/

/** Length of the console that is kept: an app may print for days. */
const most = 2 ** 18

/**
 * Prints a console, and after each failure of the app its cause.
 *
 * @param print prints the console
 * @param warn prints a cause
 */
export function withCauses(
  print: (text: string) => void,
  context: Omit<FailedContext, 'end'>,
  warn: (text: string) => void,
): (text: string) => void {
  let console = ''
  let last = ''
  return (text) => {
    print(text)
    console = `${console}${text}`.slice(-most)
    if (!failed.test(console)) return
    const attempt = console
    console = ''
    if (onPurpose.test(attempt)) return
    const { cause, hint } = explain(attempt, { ...context, end: 'failed' })
    // The app restarts again and again: the same cause is printed once.
    if (cause !== last) warn(hint === undefined ? cause : `${cause}\n  ${hint}`)
    last = cause
  }
}
