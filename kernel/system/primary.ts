import type { Cluster, Worker } from 'node:cluster'
import { type GuestConfig, startVariable } from '../../config/guest.ts'
import { heapPercentage } from '../../config/heap.ts'
import { emit } from './event.ts'
import { type Slot, Supervisor } from './supervisor.ts'
import type { Start } from './start.ts'

type Places = Pick<Start, 'app' | 'system'>

/** How long before PID 1's deadline a drain that hangs is ended. */
const marginMs = 250

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
 * @param onListening is told of each port that a worker listens on
 */
export function runWorkers(
  places: Places,
  config: GuestConfig,
  count: number,
  onListening: (port: number) => void,
): void {
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster
  cluster.setupPrimary({ exec: entryOf(places, config), execArgv: workerOptions(places, config, count) })
  cluster.on('listening', (_worker, { port }) => onListening(port))
  cluster.on('message', (from, message) => passOn(cluster, from, message))
  const supervisor = new Supervisor(count, config.restart, {
    now: () => performance.now(),
    start: (slot) => startWorker(cluster, supervisor, slot),
    later: (ms, callback) => setTimeout(callback, ms),
    end: (status) => process.exit(status),
    emit,
  })
  supervisor.startAll()
  process.on('SIGTERM', () => {
    if (supervisor.draining) return
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    emit('shutdown', 'app.draining', { workers: workers.length })
    supervisor.drain()
    for (const worker of workers) terminate(worker)
    setTimeout(() => process.exit(1), config.restart.drainTimeout * 1000 - marginMs)
  })
}

function startWorker(cluster: Cluster, supervisor: Supervisor, slot: Slot): void {
  const worker = cluster.fork({ [startVariable]: 'worker' })
  const pid = worker.process.pid
  emit('app', 'worker.started', { worker: slot.number, pid })
  worker.on('exit', (status: number | null, signal: string | null) =>
    supervisor.ended(slot, { pid, status, signal }),
  )
}

/** What one worker publishes, as `process.send({ publish: … })`, all others hear. */
function passOn(cluster: Cluster, from: Worker, message: unknown): void {
  if (typeof message !== 'object' || message === null || !('publish' in message)) return
  for (const worker of Object.values(cluster.workers ?? {})) {
    if (worker !== undefined && worker !== from && worker.isConnected()) worker.send(message)
  }
}

/** The app's own SIGTERM listener, or the system layer's, ends its work; the channel would keep it alive after that. */
function terminate(worker: Worker): void {
  worker.process.kill('SIGTERM')
  worker.disconnect()
}

function entryOf({ app }: Places, config: GuestConfig): string {
  return `${app}/${config.app.entry}`
}

function workerOptions({ system }: Places, config: GuestConfig, count: number): string[] {
  const heap = `--max-old-space-size-percentage=${heapPercentage(count)}`
  return [heap, `--import=${system}`, ...config.app.nodeOptions]
}
