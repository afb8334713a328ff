import { readFileSync } from 'node:fs'
import type { Crew } from '../primary.ts'
import { listReports } from '../diagnostic-reports.ts'
import { profileCpu, snapshotHeap } from './profile.ts'
import type { Methods } from '../../contract/control.ts'
import { relay } from './forward.ts'
import { evaluate } from './repl.ts'
import { restartSelf } from './restart.ts'
import type { Method } from './server.ts'
import { readStatus } from './status.ts'

/** What the methods work on. */
export interface Subject {
  /** The processes that run the app, when it is not this one. */
  crew: Crew | undefined
  /** Folder of the diagnostic reports. */
  reports: string
  /** Whether this machine allows it to run code that comes from the host. */
  repl: boolean
  /** Seconds that the app has to finish its work. */
  drainTimeout: number
}

type AppMethod = 'profile.cpu' | 'profile.heap' | 'repl'

/** What a process that runs the app does itself. */
export const appMethods: Record<AppMethod, Method> = {
  'profile.cpu': ({ seconds }, send) => profileCpu(seconds, send),
  'profile.heap': (_, send) => snapshotHeap(send),
  repl: ({ source, colors }) => evaluate(source, colors === true),
}

/** What a machine answers. */
export function machineMethods({
  crew,
  reports,
  repl,
  drainTimeout,
}: Subject): Record<keyof Methods, Method> {
  const inApp =
    (method: AppMethod): Method =>
    (params, send) => {
      if (crew !== undefined) return relay(crew.worker(params['worker'] ?? 1), method, params, send)
      if (params['worker'] !== undefined) throw new Error('the app has no workers: app.processes is 1')
      return appMethods[method](params, send)
    }
  return {
    status: () => readStatus(crew),
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
    'app.restart': () => (crew === undefined ? restartSelf(drainTimeout) : crew.restart()),
  }
}
