import { connect } from 'node:net'
import { join } from 'node:path'
import { planApp } from '../../build/app/stage.ts'
import { describeError, UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import { npmNode } from '../../build/runtime/node.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Control, openControl } from '../control/client.ts'
import { DataDisk } from '../data/disk.ts'
import type { Context, Release } from '../target.ts'
import { describeWithOptions, readOptions } from '../qemu/options.ts'
import { bootFiles } from '../release/dist.ts'
import { failedContext } from '../release/health.ts'
import { streamConsole } from '../qemu/console.ts'
import { startMachine, stopMachine } from '../qemu/machine.ts'
import { nextFreePort, portProblem, requireFreePorts } from '../qemu/ports.ts'
import type { PortForward } from '../qemu/command.ts'
import { withCauses } from './causes.ts'
import { Share } from './share.ts'
import { watchApp } from './watch.ts'

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

/** Boots the machine with the app as a folder that it shares with this host, and starts the app anew after each change. */
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
    // The machine takes its time to notice that somebody wants to talk: the app is laid meanwhile.
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

/** Who reaches the inspector runs code in the app: it is for this host alone, wherever the app listens. */
async function inspectorPort(host: number): Promise<PortForward> {
  const port = { guest: guestInspect, host, protocol: 'tcp', bind: '127.0.0.1' } as const
  const problem = await portProblem(port, port.bind)
  if (problem === undefined) return port
  const free = await nextFreePort(host + 1, port.protocol, port.bind)
  throw new UserError(problem, { hint: `npm run dev -- --inspect-port ${free}` })
}

/** An app that does not start is not a crash loop: the next save may mend it. */
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

/** After a mistake the old app stays, with a warning. */
function refresh(lay: () => void): void {
  try {
    lay()
  } catch (error) {
    log.warn(describeError(error))
  }
}

/** An app that is down is started again by init anyway. */
async function restart(opening: Promise<Control>): Promise<void> {
  const control = await opening
  try {
    await control.call('app.restart', {})
  } finally {
    control.close()
  }
}
