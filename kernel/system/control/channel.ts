/** The control channel: a bundle of its own, loaded if the machine has a channel to its host. */
import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import type { Methods, Params, Status } from '../../contract/control.ts'
import { listReports } from '../diagnostic-reports.ts'
import { uptime } from '../event.ts'
import { request, type Send } from '../messages.ts'
import type { Workers } from '../primary.ts'
import { Port } from './port.ts'
import { profileCpu, snapshotHeap } from './profile.ts'
import { evaluate } from './repl.ts'
import { restartSelf } from './restart.ts'
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
