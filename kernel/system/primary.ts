import type { Cluster, Worker } from 'node:cluster'
import type { GuestConfig } from '../contract/guest-config.ts'
import { reportOptions } from '../contract/node-options.ts'
import { startVariable } from '../contract/paths.ts'
import { heapPercentage, youngGeneration } from '../contract/node-options.ts'
import { explainCrash } from './crash.ts'
import { emit, uptime } from './event.ts'
import { announceReports } from './diagnostic-reports.ts'
import type { Place } from '../contract/probe.ts'
import { workerPlace } from './servers.ts'
import { shareAmong } from './broadcast.ts'
import { type Slot, Supervisor } from './supervisor.ts'
import type { Start } from './start.ts'

type Places = Pick<Start, 'app' | 'system' | 'reports' | 'proc' | 'kernelLog'>

/** How long before PID 1's deadline a drain that hangs is ended. */
const marginMs = 250

/** The processes that run the app. */
export interface Crew {
  /** The worker of a number, from 1. @throws when there is none, or none now */
  worker(number: unknown): Worker
  members(): { worker: number; pid: number; restarts: number }[]
  /** How often a worker was started in the place of another one, those that have none now included. */
  restarts(): number
  /** Replaces one after the other, so that some always serve. */
  restart(): void
}

/** How many processes a setting asks for. */
export function workerCount(processes: GuestConfig['app']['processes']): number {
  return processes === 'auto' ? process.getBuiltinModule('node:os').availableParallelism() : processes
}

/** A machine with one vCPU needs no primary: the process becomes the one that runs the app, with all the memory. */
export function becomeOnlyProcess(places: Places, config: GuestConfig): void {
  const argv = [process.execPath, ...workerOptions(places, config, 1), entryOf(places, config)]
  process.execve?.(process.execPath, argv, { ...process.env, [startVariable]: 'machine' })
}

/**
 * Runs the app in worker processes that share its ports. Node's round-robin hands connections to them in
 * turn; `NODE_CLUSTER_SCHED_POLICY=none` in the app's environment leaves that to the kernel.
 *
 * @param onListening is called with each place at which a worker listens
 */
export function runWorkers(
  places: Places,
  config: GuestConfig,
  count: number,
  onListening: (place: Place) => void,
): Crew {
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster
  cluster.setupPrimary({ exec: entryOf(places, config), execArgv: workerOptions(places, config, count) })
  cluster.on('listening', (_worker, address) => {
    const place = workerPlace(address)
    if (place !== undefined) onListening(place)
  })
  shareAmong(cluster)
  const workers = new Map<number, Worker>()
  const supervisor = new Supervisor(count, config.restart, {
    now: () => performance.now(),
    start: (slot) => startWorker({ cluster, supervisor, workers, places }, slot),
    later: (ms, callback) => setTimeout(callback, ms),
    end: (status) => process.exit(status),
    emit,
  })
  supervisor.startAll()
  const drainMs = config.restart.drainTimeout * 1000
  process.on('SIGTERM', () => {
    if (supervisor.draining) return
    emit('shutdown', 'app.draining', { workers: workers.size })
    supervisor.drain()
    for (const worker of workers.values()) terminate(worker)
    setTimeout(() => process.exit(1), drainMs - marginMs)
  })
  return crewOf(supervisor, workers, drainMs)
}

interface Workshop {
  cluster: Cluster
  supervisor: Supervisor
  /** Those that run, by the number of their place. */
  workers: Map<number, Worker>
  places: Places
}

function startWorker({ cluster, supervisor, workers, places }: Workshop, slot: Slot): void {
  const startedMs = uptime() * 1000
  const worker = cluster.fork({ [startVariable]: 'worker' })
  const pid = worker.process.pid
  workers.set(slot.number, worker)
  emit('app', 'worker.started', { worker: slot.number, pid })
  const ended = (status: number | null, signal: string | null): void => {
    workers.delete(slot.number)
    if (status !== 0) announceReports(places.reports, emit)
    if (signal !== null) explainCrash({ worker: slot.number, pid, signal }, startedMs, places, emit)
    supervisor.ended(slot, { pid, status, signal })
  }
  worker.on('exit', ended)
  // A message that it was too late for; or it did not even start, and there is no exit then.
  worker.on('error', () => {
    if (pid === undefined) ended(null, null)
  })
}

function crewOf(supervisor: Supervisor, workers: ReadonlyMap<number, Worker>, drainMs: number): Crew {
  let replaced = Promise.resolve()
  return {
    worker(number) {
      const worker = workers.get(number as number)
      if (worker !== undefined) return worker
      throw new Error(
        `worker not found: ${JSON.stringify(number)}; running: ${[...workers.keys()].join(', ')}`,
      )
    },
    members: () =>
      [...workers].map(([number, { process }]) => ({
        worker: number,
        pid: process.pid ?? 0,
        restarts: (supervisor.slots[number - 1]?.starts ?? 1) - 1,
      })),
    restarts: () => supervisor.slots.reduce((sum, { starts }) => sum + starts - 1, 0),
    restart() {
      emit('app', 'app.restarting')
      replaced = replaced.then(() => replaceAll(supervisor, workers, drainMs))
    },
  }
}

async function replaceAll(
  { slots }: Supervisor,
  workers: ReadonlyMap<number, Worker>,
  drainMs: number,
): Promise<void> {
  for (const slot of slots) {
    const old = workers.get(slot.number)
    if (old === undefined) continue
    slot.leaving = true
    const late = setTimeout(() => old.process.kill('SIGKILL'), drainMs)
    terminate(old)
    await happens(old, ['exit'])
    clearTimeout(late)
    const young = workers.get(slot.number)
    if (young !== undefined) await happens(young, ['listening', 'exit'], drainMs)
  }
}

/** Resolves at the first of some events, or after a time. */
function happens(worker: Worker, events: string[], mostMs = Infinity): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) worker.once(event, () => resolve())
    if (mostMs < Infinity) setTimeout(resolve, mostMs).unref()
  })
}

/**
 * The app's own SIGTERM listener, or the system layer's, ends its work. (`worker.disconnect` would close its servers
 * before it, and connections under their requests with them.)
 */
function terminate(worker: Worker): void {
  worker.process.kill('SIGTERM')
}

function entryOf({ app }: Places, config: GuestConfig): string {
  return `${app}/${config.app.entry}`
}

function workerOptions({ system, reports }: Places, config: GuestConfig, count: number): string[] {
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
