/**
 * `npm run bench`: measures the finished build in dist/ and writes dist/bench.json.
 * Instruction counts come from TCG and are the same on any host; seconds and build times depend on the host.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, release as osRelease } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import { main } from '../../config/lib/main.ts'
import { dist, root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'
import { type Figure, formatTable, type Measure } from './figures.ts'
import { boot } from './measures/boot.ts'
import { build, coldBuild, newcomer } from './measures/build.ts'
import { compression } from './measures/compression.ts'
import { keepalive } from './measures/keepalive.ts'
import { kernel } from './measures/kernel.ts'
import { memory } from './measures/memory.ts'
import { proxy } from './measures/proxy.ts'
import { size } from './measures/size.ts'
import { loadRelease } from '../../deploy/release/dist.ts'
import type { Release } from '../../deploy/target.ts'
import type { Manifest } from '../../build/pipeline/manifest.ts'

/** The content of `dist/bench.json`. */
export interface Report {
  version: 1
  source: Manifest['source']
  node: string
  kernel: string
  host: { cpu: string; cpus: number; arch: string; os: string; qemu: string }
  figures: Figure[]
}

/** Every measure, in the order to run them. */
export function measures(env: NodeJS.ProcessEnv): Measure[] {
  return [
    boot,
    kernel,
    keepalive,
    memory,
    size,
    build(root, env),
    coldBuild(root, env),
    newcomer(root, env),
    compression(root, env),
    proxy(),
  ]
}

/** Selects measures by name; without names, all that are not slow. */
export function choose(all: Measure[], names: string[]): Measure[] {
  const unknown = names.filter((name) => !all.some((measure) => measure.name === name))
  if (unknown.length > 0) {
    throw new UserError(`unknown measure: ${unknown.join(', ')}`, {
      hint: all.map(({ name, summary }) => `${name.padEnd(12)} ${summary}`).join('\n'),
    })
  }
  return all.filter(({ name, slow }) => (names.length === 0 ? slow !== true : names.includes(name)))
}

/** Runs the measures one after the other. */
export async function bench(chosen: Measure[], release: Release, runs: number): Promise<Report> {
  const figures: Figure[] = []
  for (const measure of chosen) {
    log.step(measure.summary)
    figures.push(...(await measure.run({ release, runs })))
  }
  const { source, node, kernel } = release.manifest
  return { version: 1, source, node, kernel, host: describeHost(), figures }
}

function describeHost(): Report['host'] {
  const version = runSync(['qemu-system-x86_64', '--version'], { purpose: 'boot the machine' })
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    arch: arch(),
    os: osRelease(),
    qemu: /version (\S+)/.exec(version)?.[1] ?? 'unknown',
  }
}

await main(
  import.meta,
  {
    usage: 'npm run bench --',
    example: 'npm run bench -- --only boot',
    summary: 'Measures the build in dist/ and writes the figures to dist/bench.json.',
    options: {
      only: { type: 'string', multiple: true, default: [] },
      cold: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      runs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
    help: {
      only: 'run only this measure; repeat the option for more; an unknown name lists all',
      cold: 'also measure a build with an empty cache (takes minutes)',
      all: 'run all measures, the slow ones included',
      runs: 'boots for each figure; the median is reported',
      json: 'print JSON instead of a table',
    },
  },
  async ({ values }) => {
    const all = measures(process.env)
    const slow = all.filter(({ name }) => values.all || (values.cold && name === 'cold'))
    const chosen = new Set([...choose(all, values.only), ...slow.filter((measure) => measure.slow === true)])
    const report = await bench([...chosen], await loadRelease(dist), Number(values.runs))
    const text = `${JSON.stringify(report, undefined, 2)}\n`
    mkdirSync(dist, { recursive: true })
    writeFileSync(join(dist, 'bench.json'), text)
    process.stdout.write(values.json ? text : `${formatTable(report.figures)}\n`)
  },
)
