import type { Cluster, Worker } from 'node:cluster'
import type { GuestConfig } from '../contract/guest-config.ts'
import { heapPercentage, reportOptions, youngGeneration } from '../contract/node-options.ts'
import { startVariable } from '../contract/paths.ts'
import type { Place } from '../contract/probe.ts'
import { broadcast } from './messages.ts'
import { explainCrash } from './errors.ts'
import { announceReports } from './diagnostic-reports.ts'
import { emit, uptime } from './event.ts'
import type { Paths } from './paths.ts'
import { workerPlace } from './servers.ts'
import { type Slot, Supervisor } from './supervisor.ts'

/** The primary exits this long before init's deadline if a drain hangs. */
const marginMs = 250

/** The processes that run the app. */
export interface Workers {
  /** Returns a worker by its number, from 1. @throws if it is not running */
  get(number: unknown): Worker
  list(): { worker: number; pid: number; restarts: number }[]
  /** Counts the workers that replaced another one. */
  restarts(): number
  /** Replaces one after the other, so that the app keeps serving. */
  restart(): void
}

/** Returns the number of processes that `app.processes` means. */
export function workerCount(processes: GuestConfig['app']['processes']): number {
  return processes === 'auto' ? process.getBuiltinModule('node:os').availableParallelism() : processes
}

/** Replaces this process with one that runs the app: a machine with one vCPU needs no primary. */
export function becomeOnlyProcess(paths: Paths, config: GuestConfig): void {
  const argv = [process.execPath, ...workerOptions(paths, config, 1), entryOf(paths, config)]
  process.execve?.(process.execPath, argv, { ...process.env, [startVariable]: 'machine' })
}

/**
 * Runs the app in workers that share its ports. Node distributes connections round-robin;
 * `NODE_CLUSTER_SCHED_POLICY=none` in the app's environment leaves that to the kernel.
 *
 * @param onListening called with each place at which a worker listens
 */
export function runWorkers(
  paths: Paths,
  config: GuestConfig,
  count: number,
  onListening: (place: Place) => void,
): Workers {
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster
  cluster.setupPrimary({ exec: entryOf(paths, config), execArgv: workerOptions(paths, config, count) })
  cluster.on('listening', (_worker, address) => {
    const place = workerPlace(address)
    if (place !== undefined) onListening(place)
  })
  broadcast(cluster)
  const running = new Map<number, Worker>()
  const supervisor = new Supervisor(count, config.restart, {
    now: () => performance.now(),
    start: (slot) => startWorker({ cluster, supervisor, running, paths }, slot),
    later: (ms, callback) => setTimeout(callback, ms),
    end: (status) => process.exit(status),
    emit,
  })
  supervisor.startAll()
  const drainMs = config.restart.drainTimeout * 1000
  process.on('SIGTERM', () => {
    if (supervisor.draining) return
    emit('shutdown', 'app.draining', { workers: running.size })
    supervisor.drain()
    for (const worker of running.values()) terminate(worker)
    setTimeout(() => process.exit(1), drainMs - marginMs)
  })
  return workersOf(supervisor, running, { drainMs, startMs: config.health.timeout * 1000 })
}

interface Pool {
  cluster: Cluster
  supervisor: Supervisor
  /** Running workers by the number of their slot. */
  running: Map<number, Worker>
  paths: Paths
}

function startWorker({ cluster, supervisor, running, paths }: Pool, slot: Slot): void {
  const startedMs = uptime() * 1000
  const worker = cluster.fork({ [startVariable]: 'worker' })
  const pid = worker.process.pid
  running.set(slot.number, worker)
  emit('app', 'worker.started', { worker: slot.number, pid })
  const ended = (status: number | null, signal: string | null): void => {
    running.delete(slot.number)
    if (status !== 0) announceReports(paths.reports, emit)
    if (signal !== null) explainCrash({ worker: slot.number, pid, signal }, startedMs, paths, emit)
    supervisor.ended(slot, { pid, status, signal })
  }
  worker.on('exit', ended)
  // Either a message came too late, or the process could not start: then there is no exit event.
  worker.on('error', () => {
    if (pid === undefined) ended(null, null)
  })
}

function workersOf(
  supervisor: Supervisor,
  running: ReadonlyMap<number, Worker>,
  limits: ReplaceLimits,
): Workers {
  let replaced = Promise.resolve()
  return {
    get(number) {
      const worker = running.get(number as number)
      if (worker !== undefined) return worker
      throw new Error(
        `worker not found: ${JSON.stringify(number)}; running: ${[...running.keys()].join(', ')}`,
      )
    },
    list: () =>
      [...running].map(([number, { process }]) => ({
        worker: number,
        pid: process.pid ?? 0,
        restarts: (supervisor.slots[number - 1]?.starts ?? 1) - 1,
      })),
    restarts: () => supervisor.slots.reduce((sum, { starts }) => sum + starts - 1, 0),
    restart() {
      emit('app', 'app.restarting')
      replaced = replaced.then(() => replaceAll(supervisor, running, limits))
    },
  }
}

/** How long, in milliseconds, a worker that is replaced may drain, and its replacement may take to listen. */
interface ReplaceLimits {
  drainMs: number
  startMs: number
}

/**
 * Replaces one worker after the other. While none listens, connections are lost: an app that starts slowly has as much
 * time as its health check allows.
 */
export async function replaceAll(
  { slots }: Pick<Supervisor, 'slots'>,
  running: ReadonlyMap<number, Worker>,
  { drainMs, startMs }: ReplaceLimits,
): Promise<void> {
  for (const slot of slots) {
    const old = running.get(slot.number)
    if (old === undefined) continue
    slot.leaving = true
    const timeout = setTimeout(() => old.process.kill('SIGKILL'), drainMs)
    terminate(old)
    await happens(old, ['exit'])
    clearTimeout(timeout)
    const replacement = running.get(slot.number)
    if (replacement !== undefined) await happens(replacement, ['listening', 'exit'], startMs)
  }
}

/** Resolves at the first of some events, or after a timeout. */
function happens(worker: Worker, events: string[], timeoutMs = Infinity): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) worker.once(event, () => resolve())
    if (timeoutMs < Infinity) setTimeout(resolve, timeoutMs).unref()
  })
}

/** SIGTERM lets the worker drain. `worker.disconnect` would close connections that have requests in flight. */
function terminate(worker: Worker): void {
  worker.process.kill('SIGTERM')
}

function entryOf({ app }: Paths, config: GuestConfig): string {
  return `${app}/${config.app.entry}`
}

function workerOptions({ system, reports }: Paths, config: GuestConfig, count: number): string[] {
  const heap = `--max-old-space-size-percentage=${heapPercentage(count)}`
  const memory = process.getBuiltinModule('node:os').totalmem() / 2 ** 20
  return [
    heap,
    ...youngGeneration(memory, count),
    ...reportOptions(reports),
    `--import=${system}`,
    ...config.app.nodeOptions,
  ]
}
