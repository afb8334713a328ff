import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { formatFragments } from './format.ts'
import { compile } from './kernel/compile.ts'
import { type Fragment, fragmentNames, readFragments, requests } from './kernel/fragments.ts'
import { jobsFrom } from './kernel/jobs.ts'
import {
  applyPatches,
  configure,
  listPatches,
  patchInputs,
  treeVersion,
  unpackSource,
} from './kernel/prepare.ts'
import { findSource, type Pin, type Source } from './kernel/source.ts'
import { type Artefact, hashText } from './lib/artefact.ts'
import { type Cache, cacheFrom } from './lib/cache.ts'
import { progress } from './lib/log.ts'
import { main } from './lib/main.ts'
import { dist, root } from './lib/paths.ts'
import { runStep } from './lib/step.ts'
import { tool } from './lib/tool.ts'

/** Direct boot, firmware boot, the configuration that both were made with, and the version that they are. */
const files = ['vmlinux', 'vmlinuz', 'config', 'version'] as const

export interface KernelOptions {
  config: SystemConfig
  cache: Cache
  /** Folder that gets the folder `kernel`, e.g. `dist`. */
  out: string
  jobs: number
}

/**
 * Compiles the kernel, or takes it from the cache when nothing that it is made from has changed.
 *
 * @returns `kernel/vmlinux`, `kernel/vmlinuz`, `kernel/config` and `kernel/version`
 */
export async function buildKernel({ config, cache, out, jobs }: KernelOptions): Promise<Artefact[]> {
  const pin = JSON.parse(await readFile(join(root, 'kernel/source.json'), 'utf8')) as Pin
  const fragments = await readFragments(fragmentNames(config, await formatFragments(config)))
  const patches = await listPatches()
  return runStep({
    label: 'Kernel',
    name: 'kernel',
    dist: out,
    cache,
    inputs: { ...kernelInputs(config, pin, fragments), ...(await patchInputs(patches)) },
    async make(into, interrupted) {
      const source = await findSource(config.kernel.source, pin, join(cache.own, 'sources'))
      await compileFrom(source, {
        fragments,
        patches,
        jobs,
        into,
        logs: join(out, 'logs'),
        objects: join(cache.own, 'objects'),
        interrupted,
      })
    },
    async install(from) {
      const place = join(out, 'kernel')
      await rm(place, { recursive: true, force: true })
      await rename(from, place)
      return Object.fromEntries(files.map((name) => [`kernel/${name}`, join(place, name)]))
    },
  })
}

interface Recipe {
  fragments: Fragment[]
  patches: string[]
  jobs: number
  into: string
  logs: string
  objects: string
  interrupted: AbortSignal
}

async function compileFrom(
  source: Source,
  { fragments, patches, jobs, into, logs, objects, interrupted }: Recipe,
): Promise<void> {
  const tree = `${into}-tree`
  const line = progress(`Compiling the kernel with ${jobs} jobs`)
  line.update(`unpacking ${source.origin}`)
  await unpackSource(source, tree)
  const version = await treeVersion(tree)
  applyPatches(tree, patches)
  line.update(`configuring Linux ${version}`)
  const config = await configure(tree, requests(fragments))
  await mkdir(logs, { recursive: true })
  await compile(tree, { jobs, log: join(logs, 'kernel.log'), objects, line, interrupted })
  tool(['objcopy', '--strip-all', join(tree, 'vmlinux'), join(into, 'vmlinux')], {
    purpose: 'strip the kernel',
  })
  await cp(join(tree, 'arch/x86/boot/bzImage'), join(into, 'vmlinuz'))
  await writeFile(join(into, 'config'), config)
  await writeFile(join(into, 'version'), `${version}\n`)
  line.done(`Linux ${version} from ${source.origin}`)
}

/** Everything that decides the kernel's bytes. */
function kernelInputs(config: SystemConfig, pin: Pin, fragments: Fragment[]): Record<string, string> {
  const compiler = tool(['gcc', '-dumpfullversion'], { purpose: 'compile the kernel' }).trim()
  return {
    source: `${config.kernel.source} ${hashText(JSON.stringify(pin))}`,
    compiler: `gcc ${compiler}`,
    arch: config.machine.arch,
    ...Object.fromEntries(fragments.map(({ name, text }) => [`fragment ${name}`, hashText(text)])),
  }
}

await main(
  import.meta,
  {
    usage: 'npm run build:kernel --',
    summary: 'Compiles the Linux kernel of the machine into dist/kernel.',
    options: { jobs: { type: 'string', short: 'j' } },
    help: { jobs: 'parallel compiler jobs; all CPUs when left out' },
  },
  async ({ values }) => {
    await buildKernel({
      config: await loadConfig(),
      cache: cacheFrom(process.env),
      out: dist,
      jobs:
        values.jobs === undefined ? jobsFrom(process.env['NODEOS_JOBS']) : jobsFrom(values.jobs, '--jobs'),
    })
  },
)
