import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from './load.ts'
import type { CountedMachine } from './machine.ts'
import type { Batch } from './steady.ts'

/** Includes the work that the guest does for a request after its response has arrived. */
const restMs = 100

/**
 * Sends a batch of requests to a guest that has nothing else to do.
 *
 * @param background instructions a second that the guest executes without requests
 */
export async function countBatch(
  machine: CountedMachine,
  clients: Clients,
  requests: number,
  background: number,
): Promise<Batch> {
  const [started, before] = [machine.elapsed(), machine.counters().total]
  const latencies = await clients.run(requests)
  const seconds = machine.elapsed() - started
  await sleep(restMs)
  const executed = machine.counters().total - before - background * (machine.elapsed() - started)
  return { cost: executed / requests, rate: requests / seconds, latencies }
}
