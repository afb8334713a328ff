import { setTimeout as sleep } from 'node:timers/promises'
import type { CountedMachine } from './machine.ts'

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
