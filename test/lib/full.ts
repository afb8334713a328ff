import { join, relative } from 'node:path'
import { formatNames, loadFormat } from '../../build/image/format.ts'
import { buildKernel } from '../../build/kernel.ts'
import { jobsFrom } from '../../build/kernel/compile.ts'
import type { Artefact } from '../../build/pipeline/record.ts'
import { type Cache, cacheFrom } from '../../build/pipeline/cache.ts'
import { main } from '../../config/lib/main.ts'
import { dist } from '../../config/lib/paths.ts'
import { buildRuntime } from '../../build/runtime.ts'
import { loadConfig } from '../../config/load.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { loadRelease } from '../../deploy/release/dist.ts'
import type { Release } from '../../deploy/target.ts'

/** What layers can be compressed with. */
export const compressions = ['lz4', 'zstd', 'xz'] as const

/** A machine with everything that tests need and a plain one does not carry: a data disk, formats and compressions. */
export interface Full {
  config: SystemConfig
  kernel: Artefact[]
  runtime: Artefact[]
}

/** Whether the kernel of the tests has the drivers of every hypervisor, too. */
const allPlatforms = process.env['NODEOS_TEST_PLATFORMS'] === '1'

/**
 * Lists the formats whose fragments this kernel has. Those that add drivers of a hypervisor are left out: two of every
 * three objects of the default kernel depend on whether the drivers of Hyper-V and VMware are there, and would be
 * compiled again. `test/build/kernel/configure.all.test.ts` proves that their lines hold.
 */
async function fullFormats(): Promise<string[]> {
  const names = await formatNames()
  const formats = await Promise.all(names.map(loadFormat))
  return names.filter(
    (_, index) =>
      allPlatforms || !formats[index]?.fragments.some((fragment) => fragment.startsWith('platform-')),
  )
}

/** Returns the configuration of the kernel of the tests. */
async function fullConfig(): Promise<SystemConfig> {
  const plain = await loadConfig()
  const image = { ...plain.image, formats: await fullFormats() }
  const kernel = { ...plain.kernel, fragments: [...plain.kernel.fragments, ...compressions] }
  return { ...plain, image, kernel, data: { label: 'data', size: 64 } }
}

/** Its parts, in `dist/test`: one kernel for all tests, since it takes minutes to compile. */
export async function buildFull(): Promise<Full> {
  const config = await fullConfig()
  const options: { config: SystemConfig; cache: Cache; out: string } = {
    config,
    cache: cacheFrom(process.env),
    out: join(dist, 'test'),
  }
  const built = await buildKernel({ ...options, jobs: jobsFrom(process.env['NODEOS_JOBS']) })
  return { config, kernel: built, runtime: await buildRuntime(options) }
}

/** The release of the last build with these parts in it. */
export async function fullRelease(): Promise<Release> {
  const { config, kernel, runtime } = await buildFull()
  const { manifest } = await loadRelease(dist)
  const parts = [...kernel, ...runtime].map((part) => ({ ...part, path: relative(dist, part.path) }))
  const names = new Set(parts.map(({ name }) => name))
  const artefacts = [...parts, ...manifest.artefacts.filter(({ name }) => !names.has(name))]
  return { dist, manifest: { ...manifest, system: config, artefacts } }
}

await main(
  import.meta,
  {
    usage: 'npm run test:full --',
    example: 'npm run test:full',
    summary: 'Builds the kernel and the runtime that tests of images and of data disks boot, into dist/test.',
    options: {},
    help: {},
  },
  async () => void (await buildFull()),
)
