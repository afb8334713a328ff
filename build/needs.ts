import type { SystemConfig } from '../config/system.types.ts'
import { UserError } from '../config/lib/errors.ts'
import type { HostFacts } from './host/facts.ts'
import { describeMissing, findMissing, remedy } from './host/find.ts'
import { buildStages, dataTools, type Requirement, requirementsFor, type Stage } from './host/tools.ts'
import { formatTools, layerCompression } from './image/format.ts'
import { kernelStep } from './kernel.ts'
import type { Cache } from './pipeline/cache.ts'
import { isAtHand, type Step } from './pipeline/step.ts'
import { programsStep } from './programs.ts'

export interface NeedsOptions {
  config: SystemConfig
  cache: Cache
  root: string
  dist: string
}

/** What a build will run on this host. */
export interface Needs {
  /** Whether the kernel must be compiled. */
  compilesKernel: boolean
  required: Requirement[]
}

/** Finds what a build of this configuration will run: compilers only if neither a store nor `dist/` has their result. */
export async function buildNeeds({ config, cache, root, dist }: NeedsOptions): Promise<Needs> {
  const compilesKernel = await mustMake(async () => kernelStep({ config, cache, out: dist, jobs: 1 }, root))
  const compilesPrograms = await mustMake(async () => programsStep({ config, cache, out: dist }))
  const stages: Stage[] = [
    ...(compilesKernel ? (['kernel', 'compiler'] as const) : []),
    ...(compilesPrograms ? (['programs', 'compiler'] as const) : []),
    'build',
  ]
  const tools = [...(await formatTools(config)), ...(config.data === undefined ? [] : dataTools)]
  return { compilesKernel, required: requirementsFor(stages, await layerCompression(config), tools) }
}

/** Like `buildNeeds`, with what a boot here needs; of a configuration that is not valid, everything that any needs. */
export async function needsHere(
  load: () => Promise<SystemConfig>,
  options: Omit<NeedsOptions, 'config'>,
): Promise<Needs> {
  try {
    const { compilesKernel, required } = await buildNeeds({ ...options, config: await load() })
    return { compilesKernel, required: [...required, ...requirementsFor(['boot'])] }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { compilesKernel: true, required: requirementsFor(buildStages) }
  }
}

/** A step that cannot be described is an error of the configuration, which other checks report. */
async function mustMake(describe: () => Promise<Step>): Promise<boolean> {
  try {
    return !(await isAtHand(await describe()))
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return true
  }
}

/** Checks that the tools of some stages are there. @throws {UserError} that names all that are missing */
export function requireTools(stages: readonly Stage[], facts: HostFacts): void {
  const missing = findMissing(requirementsFor(stages), facts)
  if (missing.length === 0) return
  throw new UserError(missing.map((requirement) => describeMissing(requirement)).join('\n'), {
    hint: remedy(missing, facts),
  })
}
