import { join, relative } from 'node:path'
import { formatNames } from '../../build/image/format.ts'
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

/** A machine with everything that tests need and a plain one does not carry: a data disk, every format and compression. */
export interface Full {
  config: SystemConfig
  kernel: Artefact[]
  runtime: Artefact[]
}

/** Its parts, in `dist/test`: one kernel for all tests, since it takes minutes to compile. */
export async function buildFull(): Promise<Full> {
  const plain = await loadConfig()
  const image = { ...plain.image, formats: await formatNames() }
  const kernel = { ...plain.kernel, fragments: [...plain.kernel.fragments, ...compressions] }
  const config: SystemConfig = { ...plain, image, kernel, data: { label: 'data', size: 64 } }
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
