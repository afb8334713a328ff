import { freemem, totalmem } from 'node:os'
import { uptime } from '../event.ts'
import type { Crew } from '../primary.ts'
import type { Status } from '../../contract/control.ts'

/** How the machine is. */
export function readStatus(crew: Crew | undefined): Status {
  const { rss, heapUsed } = process.memoryUsage()
  const { heap_size_limit: heapLimit } = process.getBuiltinModule('node:v8').getHeapStatistics()
  return {
    uptime: uptime(),
    pid: process.pid,
    node: process.versions.node,
    memory: { total: totalmem(), free: freemem(), rss, heapUsed, heapLimit },
    workers: crew?.members() ?? [],
  }
}
