import { log } from '../../../config/lib/log.ts'
import { countBatch, steady, untilQuiet } from '../steady.ts'
import { firstResponse } from '../count.ts'
import { guestCommand } from '../guest.ts'
import { openClients } from '../load.ts'
import { startCounted } from '../machine.ts'
import { type Contestant, ports } from './contestant.ts'
import type { Figures, Result } from './report.ts'
import { memoryUse } from './status.ts'
import type { Workload } from './workloads.ts'
import { freePort } from '../../lib/ports.ts'

/** Debian takes a minute and more under emulation. */
const bootMs = 600_000
const leastBatches = 6
/** Further batches, as long as what they cost still changes. */
const patience = 34

/** Boots a contestant and has it do the work, one kind after the other. */
export async function measure(
  { name, version, warmUp: requests = 0, guest }: Contestant,
  workloads: readonly Workload[],
  certificate: string,
): Promise<Result> {
  const host = {
    http: await freePort(),
    https: await freePort(),
    tcp: await freePort(),
    status: await freePort(),
  }
  const forwards = (['https', 'tcp', 'status'] as const).map((port) => ({
    ...{ host: host[port], guest: ports[port], protocol: 'tcp' as const },
  }))
  const machine = startCounted({ command: guestCommand({ ...guest, forwards }, host.http) })
  try {
    await firstResponse(machine, `http://127.0.0.1:${host.http}/small`, { timeoutMs: bootMs })
    const figures: Record<string, Figures> = {}
    for (const { name: workload, port, path, connections, fresh = false, batch } of workloads) {
      const background = await untilQuiet(machine)
      const clients = await openClients({
        ...{ port: host[port], path, connections, fresh },
        ...(port === 'https' ? { certificate } : {}),
      })
      const early = machine.exited.then(() => {
        throw new Error(`${name} exited early\n${machine.console.slice(-20).join('\n')}`)
      })
      const least = Math.max(leastBatches, Math.ceil(requests / batch))
      const found = steady(() => countBatch(machine, clients, batch, background), {
        least,
        most: least + patience,
      })
      figures[workload] = { ...(await Promise.race([found, early])), background }
      clients.close()
      early.catch(() => undefined)
      const { cost, drift, warmUp } = figures[workload]
      log.info(
        `${name} ${workload}: ${Math.round(cost)} instructions, repeat differs by ${(drift * 100).toFixed(1)} %, warm-up ${warmUp} batches`,
      )
    }
    return { name, version, figures, memory: await memoryUse(host.status) }
  } finally {
    await machine.stop()
  }
}
