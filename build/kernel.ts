import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { formatFragments, layerCompression } from './image/format.ts'
import { compile, compileReason, jobsFrom } from './kernel/compile.ts'
import { type Fragment, fragmentNames, readFragments, requests } from './kernel/fragments.ts'
import { keepObjects, objectArchive, restoreObjects } from './kernel/objects.ts'
import {
  applyPatches,
  configure,
  listPatches,
  objectFolder,
  patchInputs,
  treeVersion,
  unpackSource,
} from './kernel/prepare.ts'
import {
  fetchSource,
  findSource,
  knownSource,
  type Pin,
  pinnedSources,
  readPin,
  type Source,
} from './kernel/source.ts'
import { type Artefact, readRecord } from './pipeline/record.ts'
import { hashText } from '../config/lib/hash.ts'
import { type Cache, cacheFrom } from './pipeline/cache.ts'
import type { Inputs } from './pipeline/key.ts'
import { readPins } from './pipeline/pins.ts'
import { log, progress } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { runStep, type Step } from './pipeline/step.ts'
import { findProgram } from '../config/lib/find.ts'
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
 * Compiles the kernel, or takes it from a store when nothing that it is made from has changed.
 *
 * @returns `kernel/vmlinux`, `kernel/vmlinuz`, `kernel/config` and `kernel/version`
 */
export async function buildKernel(options: KernelOptions): Promise<Artefact[]> {
  return runStep(await kernelStep(options))
}

/** Describes the step. It knows pinned kernels of this configuration without their source and without a compiler. */
export async function kernelStep(options: KernelOptions, repository = root): Promise<Step> {
  const { config, cache, out, jobs, beforeCompiling } = options
  const pin = readPin(repository)
  const { source: setting } = config.kernel
  const common = await commonInputs(config, repository)
  const known = await knownSource(setting, pin, sourcesIn(cache))
  const identities = await storedSources(setting, pin, cache)
  if (known !== undefined) identities.push(known.identity)
  let source = known
  const inputsNow = (identity: string): Inputs => ({
    source: identity,
    compiler: compilerVersion(),
    ...common,
  })
  const previous = await readRecord(join(out, 'kernel'))
  return {
    label: 'Kernel',
    name: 'kernel',
    dist: out,
    cache,
    pinned: identities.map((identity) => ({ source: identity, ...common })),
    inputs:
      known !== undefined && findProgram('gcc') !== undefined
        ? inputsNow(known.identity)
        : async () => {
            source ??= await findSource(setting, pin, sourcesIn(cache))
            return inputsNow(source.identity)
          },
    async make(into, interrupted) {
      await beforeCompiling?.()
      source ??= await findSource(setting, pin, sourcesIn(cache))
      const now = inputsNow(source.identity)
      const archive = objectArchive(cache.own, now)
      log.step(compileReason(previous?.artefacts[0]?.inputs, now, jobs, existsSync(archive)))
      await fetchSource(source)
      await compileFrom(source, {
        fragments: await fragmentsOf(config, root),
        patches: await listPatches(),
        jobs,
        into,
        logs: join(out, 'logs'),
        archive,
        interrupted,
      })
    },
    async install(from) {
      const place = join(out, 'kernel')
      await rm(place, { recursive: true, force: true })
      await rename(from, place)
      return Object.fromEntries(files.map((name) => [`kernel/${name}`, join(place, name)]))
    },
  }
}

/** Lists the sources of the kernels that other stores may have. */
async function storedSources(setting: string, pin: Pin, { pins }: Cache): Promise<string[]> {
  if (pins === undefined || !['auto', 'distribution', 'tarball'].includes(setting)) return []
  return pinnedSources(setting, pin, (await readPins(pins, 'kernel')).values())
}

interface Recipe {
  fragments: Fragment[]
  patches: string[]
  jobs: number
  into: string
  logs: string
  /** Where objects of earlier compilations are kept. */
  archive: string
  interrupted: AbortSignal
}

async function compileFrom(
  source: Source,
  { fragments, patches, jobs, into, logs, archive, interrupted }: Recipe,
): Promise<void> {
  const tree = `${into}-tree`
  const line = progress(`Compiling the kernel with ${jobs} jobs`)
  line.update(`unpacking ${source.origin}`)
  await unpackSource(source, tree)
  const version = await treeVersion(tree)
  await applyPatches(tree, patches)
  const objects = join(tree, objectFolder)
  const reused = await restoreObjects(archive, objects)
  line.update(`configuring Linux ${version}`)
  const config = await configure(tree, requests(fragments))
  await mkdir(logs, { recursive: true })
  try {
    await compile(tree, { jobs, log: join(logs, 'kernel.log'), line, interrupted })
  } catch (error) {
    // Whatever was wrong with these objects, the next build does without them.
    if (!interrupted.aborted) await rm(archive, { force: true })
    throw error
  }
  runSync(['objcopy', '--strip-all', join(objects, 'vmlinux'), join(into, 'vmlinux')], {
    purpose: 'strip the kernel',
  })
  await cp(join(objects, 'arch/x86/boot/bzImage'), join(into, 'vmlinuz'))
  await writeFile(join(into, 'config'), config)
  await writeFile(join(into, 'version'), `${version}\n`)
  await keepObjects(objects, archive)
  line.done(`Linux ${version} from ${source.origin}${reused ? ', with objects of an earlier one' : ''}`)
}

/** Returns everything but source and compiler that determines the kernel's bytes. */
async function commonInputs(config: SystemConfig, repository: string): Promise<Inputs> {
  const fragments = await fragmentsOf(config, repository)
  return {
    arch: config.machine.arch,
    ...Object.fromEntries(fragments.map(({ name, text }) => [`fragment ${name}`, hashText(text)])),
    ...(await patchInputs(await listPatches(join(repository, 'kernel/patches')))),
  }
}

function compilerVersion(): string {
  return `gcc ${runSync(['gcc', '-dumpfullversion'], { purpose: 'compile the kernel' }).trim()}`
}

async function fragmentsOf(config: SystemConfig, repository: string): Promise<Fragment[]> {
  const names = fragmentNames(config, await layerCompression(config), await formatFragments(config))
  return readFragments(names, join(repository, 'kernel/config'))
}

/** Returns the folder of downloaded sources. */
export function sourcesIn({ own }: Pick<Cache, 'own'>): string {
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
