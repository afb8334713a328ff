/**
 * `npm run bench:lb`: runs the same workloads through the load balancer in dist/, and through HAProxy and nginx on
 * Debian 12, each in the same emulated machine; writes dist/bench-lb.json.
 * Instruction counts are the same on any host. Rates and latencies depend on the host; compare only their ratios.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import { main } from '../../config/lib/main.ts'
import { dist } from '../../config/lib/paths.ts'
import { loadRelease } from '../../deploy/release/dist.ts'
import { makeCertificate } from '../lib/certify.ts'
import { startBackend } from './backend.ts'
import { appliance } from './lb/appliance.ts'
import type { Contestant, Setting } from './lb/contestant.ts'
import { debian } from './lb/debian.ts'
import { measure } from './lb/measure.ts'
import { packaged } from './lb/packaged.ts'
import { compare, formatComparison, type Result } from './lb/report.ts'
import { workloads } from './lb/workloads.ts'

type Maker = (setting: Setting, folder: string) => Contestant | Promise<Contestant>

function makers(env: NodeJS.ProcessEnv): Record<string, Maker> {
  return {
    haproxy: (setting, folder) => packaged('haproxy', debian(env), setting, folder),
    nginx: (setting, folder) => packaged('nginx', debian(env), setting, folder),
    nodeos: async (setting, folder) => appliance(await loadRelease(dist), setting, folder),
  }
}

/** Selects by name; without names, all. @throws {UserError} for an unknown name */
function choose<T extends { name: string }>(all: T[], names: string[]): T[] {
  const unknown = names.filter((name) => !all.some((one) => one.name === name))
  if (unknown.length > 0) {
    throw new UserError(`unknown name: ${unknown.join(', ')}`, {
      hint: `valid names: ${all.map(({ name }) => name).join(', ')}`,
    })
  }
  return all.filter(({ name }) => names.length === 0 || names.includes(name))
}

await main(
  import.meta,
  {
    usage: 'npm run bench:lb --',
    example: 'npm run bench:lb -- --json',
    summary:
      'Compares the load balancer in dist/ with HAProxy and nginx, and writes the figures to dist/bench-lb.json.',
    options: {
      only: { type: 'string', multiple: true, default: [] },
      workload: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
    help: {
      only: 'measure only this one (haproxy, nginx or nodeos); repeat the option for more',
      workload: 'run only this workload; repeat the option for more; an unknown name lists all',
      json: 'print JSON instead of a table',
    },
  },
  async ({ values }) => {
    const all = Object.entries(makers(process.env)).map(([name, make]) => ({ name, make }))
    const chosen = choose(all, values.only)
    const work = choose(workloads, values.workload)
    const folder = mkdtempSync(join(tmpdir(), 'nodeos-bench-'))
    const backend = await startBackend()
    try {
      const setting = { backend: backend.address, ...makeCertificate('bench.test') }
      const results: Result[] = []
      for (const { name, make } of chosen) {
        log.step(`Measuring ${name}`)
        results.push(await measure(await make(setting, join(folder, name)), work, setting.certificate))
      }
      const report = compare(results)
      const text = `${JSON.stringify(report, undefined, 2)}\n`
      mkdirSync(dist, { recursive: true })
      writeFileSync(join(dist, 'bench-lb.json'), text)
      process.stdout.write(values.json ? text : `${formatComparison(report)}\n`)
    } finally {
      backend.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
