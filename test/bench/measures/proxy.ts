import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { log } from '../../../config/lib/log.ts'
import { runSync } from '../../../config/lib/run.ts'
import { layShipped } from '../../lib/shipped.ts'
import { appLayer, soonCompiled } from '../app-layer.ts'
import { sizes, startBackend } from '../backend.ts'
import { countBatch, quantile, steady, untilQuiet } from '../steady.ts'
import { firstResponse } from '../count.ts'
import type { Figure, Measure } from '../figures.ts'
import { type Guest, guestCommand, releaseGuest } from '../guest.ts'
import { openClients } from '../load.ts'
import { startCounted } from '../machine.ts'
import { listening } from './boot.ts'
import { freePort } from '../../lib/ports.ts'

const fixtures = join(import.meta.dirname, '../fixtures/proxy')
/** Enough to keep an emulated machine busy. */
const connections = 16
const batch = { small: 1000, large: 200 } as const

/** Ways to pass a request on: what each costs the guest, for small and large answers, and to load; and how long it takes. */
export function proxy(): Measure {
  return {
    name: 'proxy',
    summary:
      'compares HTTP proxies: guest instructions until the first response and for each request, latencies',
    slow: true,
    async run({ release }) {
      const folder = mkdtempSync(join(tmpdir(), 'nodeos-bench-'))
      const backend = await startBackend()
      try {
        const figures: Figure[] = []
        for (const [name, app] of await layers(folder, backend.address)) {
          const { disks, ...guest } = releaseGuest(release)
          figures.push(...(await measure(name, { ...guest, disks: [disks[0] ?? '', app], guestPort: 8080 })))
        }
        return figures
      } finally {
        backend.close()
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

/** The app layers of the candidates, and of the shipped app, by name. */
async function layers(folder: string, backend: string): Promise<[string, string][]> {
  cpSync(fixtures, folder, { recursive: true })
  runSync(['npm', 'install', '--no-package-lock', '--silent'], {
    purpose: 'install the proxies',
    cwd: folder,
  })
  const found: [string, string][] = []
  for (const file of readdirSync(fixtures).filter((name) => name.endsWith('.mjs'))) {
    const layer = await appLayer({
      ...{ repository: folder, entry: file, include: [file], env: { BACKEND: backend } },
      nodeOptions: [soonCompiled],
    })
    const kept = join(folder, `${file}.layer`)
    cpSync(layer, kept)
    found.push([file.slice(0, -'.mjs'.length), kept])
  }
  const repository = join(folder, 'shipped')
  layShipped(repository)
  const env = { LB_CONFIG: balance(backend) }
  return [
    ...found,
    ['app', await appLayer({ repository, entry: 'app/index.ts', nodeOptions: [soonCompiled], env })],
  ]
}

async function measure(name: string, guest: Guest): Promise<Figure[]> {
  const port = await freePort()
  const machine = startCounted({ command: guestCommand(guest, port) })
  try {
    await firstResponse(machine, `http://127.0.0.1:${port}/small`, { ready: listening })
    const figures = [figure(`${name}.first`, `${name}: until the first response`, machine.counters().total)]
    for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
      const background = await untilQuiet(machine)
      const clients = await openClients({ port, path: `/${size}`, connections })
      const { cost, drift, latencies, warmUp, settled } = await steady(
        () => countBatch(machine, clients, batch[size], background),
        // V8 compiles a client's code late, and some of it after three batches alike.
        { least: 10, more: 6 },
      )
      clients.close()
      figures.push(figure(`${name}.${size}`, `${name}: a ${size} response`, Math.round(cost)), {
        ...{ id: `proxy.${name}.${size}.p99`, label: `${name}: a ${size} response, p99` },
        ...{ value: quantile(latencies, 0.99), unit: 'milliseconds' },
      })
      const warm = `${settled ? 'stable' : 'not stable'} after ${warmUp} batches`
      log.info(
        `${name} ${size}: ${Math.round(cost)} instructions, repeat differs by ${(drift * 100).toFixed(1)} %, p99 ${quantile(latencies, 0.99).toFixed(1)} ms, ${warm}`,
      )
    }
    return figures
  } finally {
    await machine.stop()
  }
}

function balance(address: string): string {
  return JSON.stringify({
    routes: [{ pool: 'web' }],
    pools: { web: { backends: [{ address }], health: { kind: 'none' } } },
  })
}

function figure(id: string, label: string, value: number): Figure {
  return { id: `proxy.${id}`, label, value, unit: 'instructions' }
}
