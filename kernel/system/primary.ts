import type { Cluster, Worker } from 'node:cluster'
import type { GuestConfig } from '../../config/guest.ts'
import { guestPaths } from '../../config/guest.ts'
import { heapPercentage } from '../../config/heap.ts'
import { emit } from './event.ts'

const stableMs = 10_000

/** Loaded only when there are several processes. */
export function cluster(): Cluster {
  return process.getBuiltinModule('node:cluster') as unknown as Cluster
}

/** How many workers a setting asks for. */
export function workerCount(processes: GuestConfig['app']['processes']): number {
  return processes === 'auto' ? process.getBuiltinModule('node:os').availableParallelism() : processes
}

/**
 * Runs the app in worker processes that share its ports. A worker that ends is replaced, with a wait that
 * doubles while replacements end soon; the others go on. A worker that ends sooner than it can serve, over and
 * over, ends the primary too: PID 1 then counts it as a crash.
 */
export function runWorkers({ app, restart }: GuestConfig): void {
  const count = workerCount(app.processes)
  let draining = false
  let backoff = restart.backoffInitial
  let soonEnds = 0
  cluster().setupPrimary({
    exec: `${guestPaths.app}/${app.entry}`,
    execArgv: [
      `--max-old-space-size-percentage=${heapPercentage(count)}`,
      `--import=${guestPaths.system}`,
      ...app.nodeOptions,
    ],
  })

  const start = (): void => {
    const worker = cluster().fork()
    const started = process.hrtime()[0]
    worker.on('exit', (status: number | null, signal: string | null) => {
      emit('app', 'worker.exited', { worker: worker.id, pid: worker.process.pid, status, signal })
      if (draining) return endWhenEmpty()
      if ((process.hrtime()[0] - started) * 1000 > stableMs) {
        backoff = restart.backoffInitial
        soonEnds = 0
      } else {
        soonEnds += 1
      }
      if (soonEnds >= restart.crashLoopCount * count) {
        emit('app', 'workers.failing', { ends: soonEnds })
        process.exit(1)
      }
      setTimeout(start, backoff)
      backoff = Math.min(Math.max(backoff, 1) * 2, restart.backoffMax)
    })
  }
  for (let i = 0; i < count; i++) start()

  process.on('SIGTERM', () => {
    if (draining) return
    draining = true
    emit('shutdown', 'app.draining', { workers: workers().length })
    for (const worker of workers()) worker.process.kill('SIGTERM')
    endWhenEmpty()
  })
}

function endWhenEmpty(): void {
  if (workers().length === 0) process.exit(0)
}

function workers(): Worker[] {
  return Object.values(cluster().workers ?? {}).filter((worker) => worker !== undefined)
}

/** Calls back once for each port that the first worker listens on. */
export function onWorkersListening(callback: (port: number) => void): void {
  const seen = new Set<number>()
  cluster().on('listening', (_worker, { port }) => {
    if (seen.has(port)) return
    seen.add(port)
    callback(port)
  })
}
