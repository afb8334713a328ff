import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../../build/app.ts'
import { tool } from '../../../build/lib/tool.ts'
import { loadConfig } from '../../../config/load.ts'
import { layShipped } from '../../fixtures/shipped.ts'
import { freePort, keepAliveRequests } from '../client.ts'
import { firstResponse } from '../count.ts'
import type { Figure } from '../figures.ts'
import { guestCommand } from '../guest.ts'
import { startCounted } from '../machine.ts'
import { releaseGuest } from '../release.ts'
import { listening } from './boot.ts'
import type { Measure, MeasureContext } from './measure.ts'

const fixtures = join(import.meta.dirname, '../fixtures/proxy')
/** How a guest reaches this host. */
const hostAddress = '10.0.2.2'
const warmUp = 1500
const batch = 500
const sizes = { small: 200, large: 65_536 } as const

/** Ways to pass a request on: what each costs the guest, for small and large answers, and to load. */
export function proxy(): Measure {
  return {
    name: 'proxy',
    summary: 'HTTP proxies compared: guest instructions per proxied request, and to the first one',
    slow: true,
    async run(context) {
      const folder = mkdtempSync(join(tmpdir(), 'nodeos-bench-'))
      const backend = createServer(({ url }, response) => response.end(bodies.get(url ?? '') ?? 'ok'))
      backend.listen(0, '127.0.0.1')
      await once(backend, 'listening')
      try {
        cpSync(fixtures, folder, { recursive: true })
        tool(['npm', 'install', '--no-package-lock', '--silent'], {
          purpose: 'install the candidates',
          cwd: folder,
        })
        const { port } = backend.address() as AddressInfo
        const figures: Figure[] = []
        for (const file of readdirSync(fixtures).filter((name) => name.endsWith('.mjs'))) {
          figures.push(
            ...(await measure(file.slice(0, -'.mjs'.length), folder, `${hostAddress}:${port}`, context)),
          )
        }
        const repository = join(folder, 'shipped')
        layShipped(repository)
        figures.push(...(await measure('app', repository, `${hostAddress}:${port}`, context)))
        return figures
      } finally {
        backend.close()
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

const bodies = new Map(Object.entries(sizes).map(([name, bytes]) => [`/${name}`, 'x'.repeat(bytes)]))

async function measure(
  name: string,
  repository: string,
  backend: string,
  { release }: MeasureContext,
): Promise<Figure[]> {
  const isApp = name === 'app'
  mkdirSync(join(repository, 'config'), { recursive: true })
  const config = {
    app: {
      entry: isApp ? 'app/index.ts' : `${name}.mjs`,
      include: isApp ? [] : [`${name}.mjs`],
      env: isApp ? { LB_CONFIG: balance(backend) } : { BACKEND: backend },
    },
    health: { path: '/small' },
  }
  writeFileSync(join(repository, 'config/system.json'), JSON.stringify(config))
  const system = await loadConfig({ root: repository, env: {} })
  const out = join(repository, 'dist')
  const [app] = await buildApp({ root: repository, config: system, out })
  const guest = releaseGuest(release)
  const port = await freePort()
  const disks = [guest.disks[0] ?? '', join(out, app?.path.split('/').at(-1) ?? '')]
  const machine = startCounted({ command: guestCommand({ ...guest, disks, guestPort: 8080 }, port) })
  const url = (size: string): string => `http://127.0.0.1:${port}/${size}`
  try {
    await firstResponse(machine, url('small'), { ready: listening })
    const figures = [figure(`${name}.first`, `${name}: to the first answer`, machine.counters().total)]
    for (const size of Object.keys(sizes)) {
      await keepAliveRequests(url(size), warmUp)
      const before = machine.counters().total
      await keepAliveRequests(url(size), batch)
      const each = Math.round((machine.counters().total - before) / batch)
      figures.push(figure(`${name}.${size}`, `${name}: a ${size} answer`, each))
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
