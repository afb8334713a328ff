import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { GuestConfig } from '../contract/guest-config.ts'
import type * as Control from './control/channel.ts'
import type * as Logs from './logs/forward.ts'
import type * as Metrics from './metrics/serve.ts'
import { findPort } from './control/find.ts'
import { portName, relayMark } from '../contract/control.ts'
import type { Order } from './control/forward.ts'
import type { CrashFacts } from './crash.ts'
import { drainOnTerminate } from './drain.ts'
import { emit } from './event.ts'
import { watchHealth } from './health.ts'
import { type Instance, readInstance } from './machine-settings.ts'
import { hookLoader } from './process.ts'
import { reportMemory } from './memory.ts'
import { loadNative } from '../native/binding.ts'
import { startNetwork } from './network.ts'
import { becomeOnlyProcess, type Crew, runWorkers, workerCount } from './primary.ts'
import { explainReadOnly } from './read-only.ts'
import { reasonOf, reportOwnErrors } from './errors.ts'
import { announceReports } from './diagnostic-reports.ts'
import { makeRelay } from './tcp-relay.ts'
import { takeRole } from './role.ts'
import { explainShell } from './shell.ts'
import { watchServers } from './servers.ts'
import { hearShared } from './broadcast.ts'
import { provideWritable } from './writable.ts'
import { linkZone, type ZonePaths } from './zone.ts'

/** Where the system layer finds things, and how it was started. */
export interface Start extends CrashFacts, ZonePaths {
  /** Whether it is the main program: then it is the primary of the app's processes. */
  isMain: boolean
  /** URL of the running bundle. */
  self: string
  /** Folder of the app. */
  app: string
  /** Path of the bundle, for workers to load. */
  system: string
  /** Path of the control channel's bundle. */
  control: string
  /** Path of the bundle that serves metrics. */
  metrics: string
  /** Path of the bundle that forwards logs. */
  logs: string
  /** Where PID 1 puts a copy of the log. */
  logFifo: string
  /** Folder of the virtio-serial ports. */
  ports: string
  /** Folder of the diagnostic reports. */
  reports: string
  /** File that counts how often Node was started since power-on. */
  starts: string
  /** The guest's part of the configuration. */
  config: string
  /** What the image has in folders that the app may write to. */
  prefilled: string
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
  reportMemory()
  if (role === 'inherited') return
  reportOwnErrors(options.self)
  explainShell(emit)
  explainReadOnly(emit)
  globalThis.nodeos = { relay: makeRelay(() => loadNative(options.native)) }
  const config = JSON.parse(readFileSync(options.config, 'utf8')) as GuestConfig
  if (role === 'worker') await startWorker(options, config)
  else await startMachine(options, config)
}

async function startWorker(
  { control, metrics: bundle }: Start,
  { restart, metrics }: GuestConfig,
): Promise<void> {
  drainOnTerminate(watchServers(), restart.drainTimeout)
  hearShared()
  process.on('internalMessage' as 'message', (message: Partial<Order>) => {
    if (message.cmd === relayMark) void loadControl(control).then(({ obey }) => obey(message as Order))
  })
  if (metrics.port !== undefined) (await loadMetrics(bundle)).shareMetrics(emit)
}

async function startMachine(options: Start, config: GuestConfig): Promise<void> {
  const instance = readInstance(options)
  Object.assign(process.env, instance.env)
  const { TZ: zone } = instance.env
  if (zone !== undefined && !linkZone(zone, options))
    instance.problems.push('TZ is not the name of a time zone, such as Europe/Berlin: the time zone is UTC')
  const workers = workerCount(config.app.processes)
  if (options.isMain && workers === 1) becomeOnlyProcess(options, config)
  const starts = countStart(options.starts)
  openWritable(options, config)
  announce(instance, options.isMain ? workers : 1)
  announceReports(options.reports, emit)
  let crew: Crew | undefined
  const health = watchHealth(config, () => void openControl(options, config, instance, crew))
  if (options.isMain) {
    await startNetwork(config, instance.hostname, options.native)
    crew = runWorkers(options, config, workers, health)
  } else {
    drainOnTerminate(watchServers(health), config.restart.drainTimeout)
    await startNetwork(config, instance.hostname, options.native)
  }
  const { metrics, logs } = config
  if (logs.forward !== undefined) void forward(options, logs.forward)
  if (metrics.port === undefined) return
  const { serveMetrics } = await loadMetrics(options.metrics)
  serveMetrics({ metrics, crew, starts, emit })
}

async function forward({ logs, logFifo: fifo }: Start, forward: string): Promise<void> {
  try {
    const { forwardLogs } = (await import(logs)) as typeof Logs
    await forwardLogs({ forward, fifo, emit })
  } catch (error) {
    emit('node', 'system.error', { error: `cannot forward logs: ${reasonOf(error)}` })
  }
}

function openWritable({ prefilled }: Start, { app }: GuestConfig): void {
  try {
    provideWritable(app.writable, prefilled)
  } catch (error) {
    emit('node', 'system.error', { error: `app.writable: ${reasonOf(error)}` })
  }
}

function countStart(file: string): number {
  const starts = existsSync(file) ? Number(readFileSync(file, 'utf8')) + 1 : 1
  writeFileSync(file, String(starts))
  return starts
}

/** Begins to listen to the host, where the hypervisor gave the machine a channel to it. */
async function openControl(
  { control, ports, reports }: Start,
  { restart }: GuestConfig,
  { repl }: Instance,
  crew: Crew | undefined,
): Promise<void> {
  try {
    const device = findPort(portName, ports)
    if (device === undefined) return
    const { openControl } = await loadControl(control)
    openControl(device, { crew, reports, repl, drainTimeout: restart.drainTimeout })
  } catch (error) {
    emit('node', 'system.error', { error: `cannot open the control channel: ${reasonOf(error)}` })
  }
}

async function loadControl(path: string): Promise<typeof Control> {
  return (await import(path)) as typeof Control
}

async function loadMetrics(path: string): Promise<typeof Metrics> {
  return (await import(path)) as typeof Metrics
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
