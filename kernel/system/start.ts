import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { portName } from '../contract/control.ts'
import type { GuestConfig } from '../contract/guest-config.ts'
import { loadNative } from '../native/binding.ts'
import { makeRelay } from '../native/tcp-relay.ts'
import type * as Control from './control/channel.ts'
import { findPort } from './control/port.ts'
import { announceReports } from './diagnostic-reports.ts'
import { drainOnTerminate } from './drain.ts'
import { explainReadOnly, explainShell, reasonOf, reportOwnErrors } from './errors.ts'
import { emit } from './event.ts'
import { watchHealth } from './health.ts'
import type * as Logs from './logs/forward.ts'
import { linkZone, type MachineSettings, readMachineSettings } from './machine-settings.ts'
import { respond } from './messages.ts'
import type * as Metrics from './metrics/serve.ts'
import { startNetwork } from './network/start.ts'
import type { Paths } from './paths.ts'
import { becomeOnlyProcess, runWorkers, workerCount, type Workers } from './primary.ts'
import { hookLoader, reportMemory, takeRole } from './process.ts'
import { watchServers } from './servers.ts'
import { provideWritable } from './writable.ts'

/** How the system layer was loaded. */
export interface Loaded {
  /** Whether it is the main program: then it is the primary of the app's processes. */
  isMain: boolean
  /** File of the running script. */
  self: string
}

export interface Start extends Loaded {
  paths: Paths
}

/** Prepares this process for the app; resolves when the app can start. */
export async function start({ isMain, self, paths }: Start): Promise<void> {
  const role = takeRole(process.env)
  hookLoader(`file://${paths.app}/`)
  reportMemory()
  if (role === 'inherited') return
  reportOwnErrors(self)
  explainShell(emit)
  explainReadOnly(emit)
  globalThis.nodeos = { relay: makeRelay(() => loadNative(paths.native)) }
  const config = JSON.parse(readFileSync(paths.config, 'utf8')) as GuestConfig
  if (role === 'worker') await startWorker(paths, config)
  else await startMachine(isMain, paths, config)
}

async function startWorker(paths: Paths, { restart, metrics }: GuestConfig): Promise<void> {
  drainOnTerminate(watchServers(), restart.drainTimeout)
  respond('received', () => null)
  respond('control', async ({ method, params }, send) =>
    (await loadControl(paths)).runInApp(method, params, send),
  )
  if (metrics.port !== undefined) (await loadMetrics(paths)).shareMetrics(emit)
}

async function startMachine(isMain: boolean, paths: Paths, config: GuestConfig): Promise<void> {
  const settings = readMachineSettings(paths)
  Object.assign(process.env, settings.env)
  const { TZ: zone } = settings.env
  if (zone !== undefined && !linkZone(zone, paths))
    settings.problems.push('TZ is not the name of a time zone, such as Europe/Berlin: the time zone is UTC')
  const count = workerCount(config.app.processes)
  if (isMain && count === 1) becomeOnlyProcess(paths, config)
  const starts = countStart(paths.starts)
  openWritable(paths, config)
  announce(settings, isMain ? count : 1)
  announceReports(paths.reports, emit)
  let workers: Workers | undefined
  const health = watchHealth(config, () => void openControl(paths, config, settings, workers))
  if (!isMain) drainOnTerminate(watchServers(health), config.restart.drainTimeout)
  await startNetwork(config, settings.hostname, paths.native)
  if (isMain) workers = runWorkers(paths, config, count, health)
  const { metrics, logs } = config
  if (logs.forward !== undefined) void forwardLogs(paths, logs.forward)
  if (metrics.port === undefined) return
  const { serveMetrics } = await loadMetrics(paths)
  serveMetrics({ metrics, workers, starts, emit })
}

function countStart(file: string): number {
  const starts = existsSync(file) ? Number(readFileSync(file, 'utf8')) + 1 : 1
  writeFileSync(file, String(starts))
  return starts
}

function openWritable({ prefilled }: Paths, { app }: GuestConfig): void {
  try {
    provideWritable(app.writable, prefilled)
  } catch (error) {
    emit('node', 'system.error', { error: `app.writable: ${reasonOf(error)}` })
  }
}

function announce({ env, problems }: MachineSettings, processes: number): void {
  emit('node', 'node.started', {
    version: process.versions.node,
    pid: process.pid,
    processes,
    options: process.execArgv,
  })
  if (Object.keys(env).length > 0) emit('node', 'environment.set', { names: Object.keys(env) })
  for (const reason of problems) emit('node', 'environment.problem', { reason })
}

/** Opens the control channel if the hypervisor provides one. */
async function openControl(
  paths: Paths,
  { restart }: GuestConfig,
  { repl }: MachineSettings,
  workers: Workers | undefined,
): Promise<void> {
  try {
    const device = findPort(portName, paths.ports)
    if (device === undefined) return
    const { openControl } = await loadControl(paths)
    openControl(device, { workers, reports: paths.reports, repl, drainTimeout: restart.drainTimeout })
  } catch (error) {
    emit('node', 'system.error', { error: `cannot open the control channel: ${reasonOf(error)}` })
  }
}

async function forwardLogs({ logs, logFifo: fifo }: Paths, forward: string): Promise<void> {
  try {
    const { forwardLogs } = (await import(logs)) as typeof Logs
    await forwardLogs({ forward, fifo, emit })
  } catch (error) {
    emit('node', 'system.error', { error: `cannot forward logs: ${reasonOf(error)}` })
  }
}

async function loadControl({ control }: Paths): Promise<typeof Control> {
  return (await import(control)) as typeof Control
}

async function loadMetrics({ metrics }: Paths): Promise<typeof Metrics> {
  return (await import(metrics)) as typeof Metrics
}
