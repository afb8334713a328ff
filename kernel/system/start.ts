import { readFileSync } from 'node:fs'
import type { GuestConfig } from '../../config/guest.ts'
import { drainOnTerminate } from './drain.ts'
import { emit } from './event.ts'
import { watchHealth } from './health.ts'
import { type Instance, readInstance } from './instance.ts'
import { hookLoader } from './loader.ts'
import { startNetwork } from './network.ts'
import { becomeOnlyProcess, runWorkers, workerCount } from './primary.ts'
import { reportOwnErrors } from './report.ts'
import { takeRole } from './role.ts'
import { watchServers } from './servers.ts'

/** Where the system layer finds things, and how it was started. */
export interface Start {
  /** Whether it is the main program: then it is the primary of the app's processes. */
  isMain: boolean
  /** URL of the running bundle. */
  self: string
  /** Folder of the app. */
  app: string
  /** Path of the bundle, for workers to load. */
  system: string
  /** The guest's part of the configuration. */
  config: string
  /** The native binding. */
  native: string
  /** Folder of QEMU's fw_cfg items. */
  firmware: string
  /** The kernel's command line. */
  commandLine: string
}

/** Prepares this process for the app; resolves when the app can start. */
export async function start(options: Start): Promise<void> {
  const role = takeRole(process.env)
  hookLoader(`file://${options.app}/`)
  if (role === 'inherited') return
  reportOwnErrors(options.self)
  const config = JSON.parse(readFileSync(options.config, 'utf8')) as GuestConfig
  if (role === 'worker') drainOnTerminate(watchServers(), config.restart.drainTimeout)
  else await startMachine(options, config)
}

async function startMachine(options: Start, config: GuestConfig): Promise<void> {
  const instance = readInstance(options)
  Object.assign(process.env, instance.env)
  const workers = workerCount(config.app.processes)
  if (options.isMain && workers === 1) becomeOnlyProcess(options, config)
  announce(instance, options.isMain ? workers : 1)
  const health = watchHealth(config)
  if (options.isMain) {
    await startNetwork(config, instance.hostname, options.native)
    runWorkers(options, config, workers, health)
  } else {
    drainOnTerminate(watchServers(health), config.restart.drainTimeout)
    await startNetwork(config, instance.hostname, options.native)
  }
}

function announce({ env, problems }: Instance, processes: number): void {
  emit('node', 'node.started', {
    version: process.versions.node,
    pid: process.pid,
    processes,
    options: process.execArgv,
  })
  if (Object.keys(env).length > 0) emit('node', 'environment.set', { names: Object.keys(env) })
  for (const reason of problems) emit('node', 'environment.problem', { reason })
}
