import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { formatFragments } from './image/format.ts'
import { compile, compileReason, jobsFrom } from './kernel/compile.ts'
import { type Fragment, fragmentNames, readFragments, requests } from './kernel/fragments.ts'
import {
  applyPatches,
  configure,
  listPatches,
  patchInputs,
  treeVersion,
  unpackSource,
} from './kernel/prepare.ts'
import { fetchSource, findSource, knownSource, readPin, type Source } from './kernel/source.ts'
import { type Artefact, readRecord } from './pipeline/record.ts'
import { hashText } from '../config/lib/hash.ts'
import { type Cache, cacheFrom, cacheKey } from './pipeline/cache.ts'
import { log, progress } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { runStep } from './pipeline/step.ts'
import { runSync } from '../config/lib/run.ts'

/** Kernels for direct boot and firmware boot, their configuration and their version. */
const files = ['vmlinux', 'vmlinuz', 'config', 'version'] as const

export interface KernelOptions {
  config: SystemConfig
  cache: Cache
  /** Folder that gets the folder `kernel`, e.g. `dist`. */
  out: string
  jobs: number
  /** Finds what would stop the build later: compiling takes minutes. */
  beforeCompiling?: () => Promise<void>
}

/**
 * Compiles the kernel, or takes it from the cache when nothing that it is made from has changed.
 *
 * @returns `kernel/vmlinux`, `kernel/vmlinuz`, `kernel/config` and `kernel/version`
 */
export async function buildKernel({
  config,
  cache,
  out,
  jobs,
  beforeCompiling,
}: KernelOptions): Promise<Artefact[]> {
  const source = await findSource(config.kernel.source, readPin(root), sourcesIn(cache))
  const inputs = await kernelInputs(config, source, root)
  const previous = await readRecord(join(out, 'kernel'))
  return runStep({
    label: 'Kernel',
    name: 'kernel',
    dist: out,
    cache,
    inputs,
    async make(into, interrupted) {
      await beforeCompiling?.()
      log.step(compileReason(previous?.artefacts[0]?.inputs, inputs, jobs))
      await fetchSource(source)
      await compileFrom(source, {
        fragments: await fragmentsOf(config, root),
        patches: await listPatches(),
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
  runSync(['objcopy', '--strip-all', join(tree, 'vmlinux'), join(into, 'vmlinux')], {
    purpose: 'strip the kernel',
  })
  await cp(join(tree, 'arch/x86/boot/bzImage'), join(into, 'vmlinuz'))
  await writeFile(join(into, 'config'), config)
  await writeFile(join(into, 'version'), `${version}\n`)
  line.done(`Linux ${version} from ${source.origin}`)
}

/** Returns everything that determines the kernel's bytes. */
async function kernelInputs(
  config: SystemConfig,
  source: Source,
  repository: string,
): Promise<Record<string, string>> {
  const compiler = runSync(['gcc', '-dumpfullversion'], { purpose: 'compile the kernel' }).trim()
  const fragments = await fragmentsOf(config, repository)
  return {
    source: source.identity,
    compiler: `gcc ${compiler}`,
    arch: config.machine.arch,
    ...Object.fromEntries(fragments.map(({ name, text }) => [`fragment ${name}`, hashText(text)])),
    ...(await patchInputs(await listPatches(join(repository, 'kernel/patches')))),
  }
}

/**
 * Returns the cache key of a configuration's kernel; undefined if its source must be downloaded first.
 *
 * @throws {UserError} when its source or its compiler is not there
 */
export async function kernelKey(
  { config, cache }: Pick<KernelOptions, 'config' | 'cache'>,
  repository = root,
): Promise<string | undefined> {
  const source = await knownSource(config.kernel.source, readPin(repository), sourcesIn(cache))
  return source && cacheKey('kernel', await kernelInputs(config, source, repository))
}

async function fragmentsOf(config: SystemConfig, repository: string): Promise<Fragment[]> {
  const names = fragmentNames(config, await formatFragments(config))
  return readFragments(names, join(repository, 'kernel/config'))
}

/** Returns the folder of downloaded sources. */
function sourcesIn({ own }: Cache): string {
  return join(own, 'sources')
}

await main(
  import.meta,
  {
    usage: 'npm run build:kernel --',
    example: 'npm run build:kernel -- --jobs 4',
    summary: 'Compiles the Linux kernel of the machine into dist/kernel.',
    options: { jobs: { type: 'string', short: 'j' } },
    help: { jobs: 'parallel compiler jobs (default: one per CPU)' },
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
