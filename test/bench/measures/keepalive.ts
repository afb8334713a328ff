import { keepAliveRequests } from '../client.ts'
import { firstResponse } from '../count.ts'
import { guestCommand, releaseGuest } from '../guest.ts'
import { startCounted } from '../machine.ts'
import { listening } from './boot.ts'
import type { Measure } from '../figures.ts'
import { freePort } from '../../lib/ports.ts'

const warmUp = 2000
const batch = 1000
const batches = 3

export const keepalive: Measure = {
  name: 'keepalive',
  summary: 'guest instructions for each request on one keep-alive connection',
  async run({ release }) {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}${release.manifest.system.health.path}`
    const machine = startCounted({ command: guestCommand(releaseGuest(release), port) })
    try {
      await firstResponse(machine, url, { ready: listening })
      await keepAliveRequests(url, warmUp)
      const costs: number[] = []
      for (let run = 0; run < batches; run++) {
        const before = machine.counters().total
        await keepAliveRequests(url, batch)
        costs.push((machine.counters().total - before) / batch)
      }
      return [
        {
          id: 'request.keepalive',
          label: 'one keep-alive request',
          value: Math.round(costs.sort((a, b) => a - b)[1] ?? 0),
          unit: 'instructions',
        },
      ]
    } finally {
      await machine.stop()
    }
  },
}
