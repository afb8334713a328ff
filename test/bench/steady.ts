import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from './load.ts'
import type { CountedMachine } from './machine.ts'

/** What one batch of requests took. */
export interface Batch {
  /** Instructions of the guest, each request's share. */
  cost: number
  /** Requests in a second, on this host's clock. */
  rate: number
  /** Of each request in milliseconds, sorted. */
  latencies: number[]
}

/** A batch whose cost no longer changes. */
export interface Steady extends Batch {
  /** By how much the cost of the same batches differs when they are run again: A/A. */
  drift: number
  /** Batches before those that count. */
  warmUp: number
  /** Whether three warm-up batches in a row have cost the same. */
  settled: boolean
}

export interface SteadyOptions {
  /** Difference of batches that counts as none. */
  within?: number
  /** Warm-up batches at least: a plateau between two tiers of V8 is not the end. */
  least?: number
  /** Warm-up batches at most. */
  most?: number
  /** Batches that are measured, twice: enough of them for the garbage that they make to be collected in both. */
  measured?: number
  /** How often at most it is measured once more, while that costs something else than the time before. */
  more?: number
}

/** Of two, one may have met a garbage collection, or both the same plateau. */
const inRow = 3

/** Runs a batch until what it costs is stable, and then measures it, twice; the last two times count. */
export async function steady(
  run: () => Promise<Batch>,
  { within = 0.03, least = 6, most = 40, measured = 4, more = 0 }: SteadyOptions = {},
): Promise<Steady> {
  const costs: number[] = []
  let settled = false
  while (costs.length < most && !settled) {
    costs.push((await run()).cost)
    const last = costs.slice(-inRow)
    settled = costs.length >= least && difference(Math.min(...last), Math.max(...last)) < within
  }
  let [one, two] = [await several(run, measured), await several(run, measured)]
  for (let left = more; left > 0 && difference(one.cost, two.cost) >= within; left--) {
    ;[one, two] = [two, await several(run, measured)]
  }
  return {
    ...average([one, two]),
    drift: difference(one.cost, two.cost),
    warmUp: costs.length,
    settled,
  }
}

async function several(run: () => Promise<Batch>, times: number): Promise<Batch> {
  const batches: Batch[] = []
  while (batches.length < times) batches.push(await run())
  return average(batches)
}

function average(batches: readonly Batch[]): Batch {
  const mean = (value: (batch: Batch) => number): number =>
    batches.reduce((sum, batch) => sum + value(batch), 0) / batches.length
  return {
    cost: mean(({ cost }) => cost),
    rate: mean(({ rate }) => rate),
    latencies: batches.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b),
  }
}

/** How far apart two values are, as a share of the smaller. */
export function difference(one: number, other: number): number {
  return Math.abs(one - other) / Math.min(one, other)
}

/** The value below which a share of the sorted values lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

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

const windowMs = 1000
const quietWindows = 3
const patienceWindows = 120
/** Of what the guest executes when it is busy, as it was on its way here. */
const quietShare = 0.05

/**
 * Waits until the guest has nothing to do, for some seconds in a row.
 *
 * @returns the instructions a second that it executes all the same
 */
export async function untilQuiet(machine: CountedMachine): Promise<number> {
  const busy = machine.counters().total / machine.elapsed()
  let rates: number[] = []
  for (let window = 0; window < patienceWindows; window++) {
    const rate = await idleRate(machine)
    rates = rate < quietShare * busy ? [...rates, rate] : []
    if (rates.length === quietWindows) return rates.reduce((sum, each) => sum + each, 0) / rates.length
  }
  throw new Error(`the guest did not become idle\n${machine.console.slice(-20).join('\n')}`)
}

async function idleRate(machine: CountedMachine): Promise<number> {
  const [started, before] = [machine.elapsed(), machine.counters().total]
  await sleep(windowMs)
  return (machine.counters().total - before) / (machine.elapsed() - started)
}
