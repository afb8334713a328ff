import { setTimeout as sleep } from 'node:timers/promises'
import { keepAliveRequests } from '../client.ts'
import { firstResponse } from '../count.ts'
import { guestCommand, releaseGuest } from '../guest.ts'
import { type CountedMachine, startCounted } from '../machine.ts'
import type { Release } from '../../../deploy/target.ts'
import { listening } from './boot.ts'
import type { Measure } from '../figures.ts'
import { freePort } from '../../lib/ports.ts'
import { limitMs } from '../../lib/until.ts'

const requests = 1000
/** Instructions until the last response at most; with memory to spare it takes a tenth of them. */
const budget = 7.5e9
const pollMs = 200
const step = 2
const most = 256

export const memory: Measure = {
  name: 'memory',
  summary: `least memory that serves ${requests} requests without a restart, in steps of ${step} MiB`,
  async run({ release }) {
    const value = await leastServing((mebibytes) => serves(release, mebibytes))
    return [
      { id: 'memory.least', label: `least memory for ${requests} requests`, value, unit: 'MiB', target: 44 },
    ]
  },
}

/** Bisects between nothing and 256 MiB, beginning at the target, assuming that more is never worse. */
export async function leastServing(serves: (mebibytes: number) => Promise<boolean>): Promise<number> {
  let failing = 0
  let serving = most + step
  let probe = 64
  while (serving - failing > step) {
    if (await serves(probe)) serving = probe
    else failing = probe
    probe = failing + Math.floor((serving - failing) / 2 / step) * step
  }
  if (serving > most) throw new Error(`${most} MiB are not enough to serve ${requests} requests`)
  return serving
}

/** Whether the machine responds to every request before it restarts Node, ends, or does nothing but reclaim memory. */
async function serves(release: Release, mebibytes: number): Promise<boolean> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}${release.manifest.system.health.path}`
  const machine = startCounted({ command: guestCommand(releaseGuest(release, { memory: mebibytes }), port) })
  const finished = new AbortController()
  const failing = Promise.race([
    machine.exited,
    machine.seen(/"event":"node\.exited"/).catch(() => undefined),
    exhausted(machine, finished.signal),
  ]).then(() => false)
  // A request fails before the console reports why. A machine that never does, hangs.
  const serving = firstResponse(machine, url, { ready: listening, timeoutMs: limitMs })
    // Instructions are the limit: on a busy host a machine that works can take long for a response.
    .then(() => keepAliveRequests(url, requests, { signal: finished.signal, timeoutMs: limitMs }))
    .then(
      () => true,
      () => Promise.race([failing, sleep(limitMs, false, { ref: false })]),
    )
  try {
    return await Promise.race([serving, failing])
  } finally {
    finished.abort()
    await machine.stop()
  }
}

/** Resolves when the machine has executed more than a machine that works would. */
async function exhausted(machine: CountedMachine, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(executed(machine) > budget)) await sleep(pollMs)
}

function executed(machine: CountedMachine): number {
  try {
    return machine.counters().total
  } catch {
    // The plugin has not created its file yet.
    return 0
  }
}
