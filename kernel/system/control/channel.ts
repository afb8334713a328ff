/** The control channel: a bundle of its own, loaded if the machine has a channel to its host. */
import { readdirSync, readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import type { Methods, Params, Status } from '../../contract/control.ts'
import { startVariable } from '../../contract/paths.ts'
import { listReports } from '../diagnostic-reports.ts'
import { emit, uptime } from '../event.ts'
import { request, type Send } from '../messages.ts'
import type { Workers } from '../primary.ts'
import { evaluate, profileCpu, snapshotHeap } from './inspector.ts'
import { Port } from './port.ts'
import { type Method, Server } from './server.ts'

/** Properties of the machine that the methods use. */
export interface Subject {
  /** The workers, if another process than this one runs the app. */
  workers: Workers | undefined
  /** Folder of the diagnostic reports. */
  reports: string
  /** Whether the host may run code in the app. */
  repl: boolean
  /** Seconds that the app has to finish its work. */
  drainTimeout: number
}

/**
 * Responds to the host from now on.
 *
 * @param device of the virtio-serial port
 */
export function openControl(device: string, subject: Subject): void {
  const server = new Server(machineMethods(subject), (text) => port.write(text))
  const port = new Port(device, { onData: (data) => server.push(data), onAway: () => server.hangUp() })
  port.start()
  void server.greet()
}

/** Runs a method in this process, which runs the app. */
export async function runInApp(method: string, params: Params, send: Send): Promise<unknown> {
  if (!Object.hasOwn(appMethods, method)) throw new Error(`unknown method ${method}`)
  return appMethods[method as AppMethod](params, send)
}

type AppMethod = 'profile.cpu' | 'profile.heap' | 'repl'

/** Methods that run in a process of the app. */
const appMethods: Record<AppMethod, Method> = {
  'profile.cpu': ({ seconds }, send) => profileCpu(seconds, send),
  'profile.heap': (_, send) => snapshotHeap(send),
  repl: ({ source, colors }) => evaluate(source, colors === true),
}

/** Methods of the machine. */
export function machineMethods({
  workers,
  reports,
  repl,
  drainTimeout,
}: Subject): Record<keyof Methods, Method> {
  const inApp =
    (method: AppMethod): Method =>
    (params, send) => {
      if (workers !== undefined)
        return request(workers.get(params['worker'] ?? 1), 'control', { method, params }, { send })
      if (params['worker'] !== undefined) throw new Error('the app has no workers: app.processes is 1')
      return appMethods[method](params, send)
    }
  return {
    status: () => readStatus(workers),
    'profile.cpu': inApp('profile.cpu'),
    'profile.heap': inApp('profile.heap'),
    reports: async ({ name }, send) => {
      const list = listReports(reports)
      if (name === undefined) return list
      if (!list.some((report) => report.name === name))
        throw new Error(`report not found: ${JSON.stringify(name)}`)
      await send(readFileSync(`${reports}/${name as string}`))
      return list
    },
    repl: (params, send) => {
      if (repl) return inApp('repl')(params, send)
      throw new Error('the REPL is disabled on this machine: the fw_cfg item opt/nodeos/repl must be 1')
    },
    'app.restart': () => (workers === undefined ? restartSelf(drainTimeout) : workers.restart()),
  }
}

function readStatus(workers: Workers | undefined): Status {
  const { rss, heapUsed } = process.memoryUsage()
  const { heap_size_limit: heapLimit } = process.getBuiltinModule('node:v8').getHeapStatistics()
  return {
    uptime: uptime(),
    pid: process.pid,
    node: process.versions.node,
    memory: { total: totalmem(), free: freemem(), rss, heapUsed, heapLimit },
    workers: workers?.list() ?? [],
  }
}

/** The response to the host is sent first. */
const leaveMs = 100

/**
 * Restarts this process: the app drains as for a power-off, then Node is executed again in its place. init does not
 * notice, so it neither waits nor counts a restart.
 *
 * @param seconds time limit of the drain
 */
export function restartSelf(seconds: number): void {
  emit('app', 'app.restarting')
  process.once('exit', () => {
    killDescendants()
    const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
    process.execve?.(process.execPath, argv, { ...process.env, [startVariable]: 'machine' })
  })
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), leaveMs)
  setTimeout(() => process.exit(1), leaveMs + seconds * 1000)
}

/** Child processes would keep the app's ports, and would not belong to the new app. */
function killDescendants(): void {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), parent: parentOf(pid) }))
  const doomed = [process.pid]
  for (const ancestor of doomed) {
    doomed.push(...parents.filter(({ parent }) => parent === ancestor).map(({ pid }) => pid))
  }
  for (const pid of doomed.slice(1)) kill(pid)
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has already exited.
  }
}
