import { keepAliveRequests } from '../client.ts'
import { firstResponse } from '../count.ts'
import { guestCommand } from '../guest.ts'
import { startCounted } from '../machine.ts'
import type { Release } from '../../../deploy/target.ts'
import { releaseGuest } from '../release.ts'
import { listening } from './boot.ts'
import type { Measure } from './measure.ts'
import { freePort } from '../../lib/ports.ts'

const requests = 1000
/** From power-on to the last answer; with memory to spare it takes a tenth of this. */
const patienceMs = 60_000
const step = 2
const most = 256

export const memory: Measure = {
  name: 'memory',
  summary: `least memory that serves ${requests} requests without a restart, in steps of ${step} MiB`,
  async run({ release }) {
    const value = await leastServing((mebibytes) => serves(release, mebibytes))
    return [
      { id: 'memory.least', label: `least memory for ${requests} requests`, value, unit: 'MiB', target: 64 },
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

/** Whether the machine answers every request in time, with Node started only once. */
async function serves(release: Release, mebibytes: number): Promise<boolean> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}${release.manifest.system.health.path}`
  const machine = startCounted({ command: guestCommand(releaseGuest(release, { memory: mebibytes }), port) })
  const thrashes = AbortSignal.timeout(patienceMs)
  const serving = firstResponse(machine, url, { ready: listening, timeoutMs: patienceMs })
    .then(() => keepAliveRequests(url, requests, thrashes))
    .then(() => true)
  try {
    return await Promise.race([serving, machine.seen(/"event":"node\.exited"/).then(() => false)])
  } catch {
    return false
  } finally {
    await machine.stop()
  }
}
