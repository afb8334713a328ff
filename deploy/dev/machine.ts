import { connect } from 'node:net'
import { join } from 'node:path'
import { planApp } from '../../build/app/stage.ts'
import { describeError } from '../../build/lib/errors.ts'
import { log } from '../../build/lib/log.ts'
import { npmNode } from '../../build/runtime/node.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Control, openControl } from '../control/client.ts'
import { DataDisk } from '../data/disk.ts'
import type { Context, Release } from '../target.ts'
import { machineOf } from '../targets/local/index.ts'
import { streamConsole } from '../targets/local/logs.ts'
import { startMachine, stopMachine } from '../targets/local/machine.ts'
import { requireFreePorts } from '../targets/local/ports.ts'
import { kernelCommandLine } from '../targets/local/qemu.ts'
import type { State } from '../targets/local/state.ts'
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
/** Who saves does not want to wait for a client that stays: a WebSocket, an event stream. */
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
  if (options.config.app.processes !== 1) log.info('one process runs the app here, which the inspector shows')
  const folder = join(context.state, 'app')
  const share = new Share(folder)
  const { binary: node } = await npmNode(config.machine.arch)
  const lay = (): void => share.lay(planApp({ root, config, node }).tree)
  lay()
  const { spec } = await machineOf(release, context)
  const inspector = { guest: guestInspect, host: inspect, protocol: 'tcp', bind: '127.0.0.1' } as const
  const ports = [...spec.ports, inspector]
  await requireFreePorts(ports, spec.bind)
  const [runtime] = spec.disks
  const disk = new DataDisk(join(context.state, 'data.qcow2'))
  if (config.data !== undefined) await disk.provide(config.data)
  const machine = await startMachine(
    {
      ...spec,
      ports,
      disks: runtime === undefined ? [] : [runtime],
      ...(config.data === undefined ? {} : { data: disk.file }),
      share: folder,
      append: kernelCommandLine(config.kernel, '9p'),
    },
    context.state,
  )
  log.step(`${spec.name} boots (${machine.accelerator}); inspector: 127.0.0.1:${inspect}; Ctrl-C ends it`)
  const stopWatching = watchApp(root, ['app', 'config', ...config.app.include], (path) => {
    log.step(`${path} changed`)
    // The machine takes its time to notice that somebody wants to talk: the app is laid meanwhile.
    const control = openControl(connect(machine.files.control))
    refresh(lay)
    restart(control).catch((error: unknown) => log.warn(describeError(error)))
  })
  const state = machine as State
  await streamConsole(state, true, context.signal, context.print)
  stopWatching()
  await stopMachine(machine, options.config.restart.drainTimeout * 1000)
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

/** A mistake is said, and leaves the old app. */
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
