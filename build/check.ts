import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { checkAppConfig } from '../config/app.ts'
import { checkConfig } from '../config/check.ts'
import { configFacts } from '../config/facts.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { formatFragments, layerCompression } from './image/format.ts'
import { checkRequirement } from './host/checks.ts'
import { unsupportedHint, type HostFacts, unsupported } from './host/facts.ts'
import { describeMissing, findMissing, remedy } from './host/find.ts'
import { isWritable, nearestExisting, spaceProblems } from './host/space.ts'
import { type Requirement, requirementsFor } from './host/tools.ts'
import { fragmentNames, readFragments, requests } from './kernel/fragments.ts'
import { jobsFrom } from './kernel/compile.ts'
import { buildNeeds, type Needs } from './needs.ts'
import type { Cache } from './pipeline/cache.ts'
import { UserError } from '../config/lib/errors.ts'
import { log } from '../config/lib/log.ts'
import { npmNode } from './runtime/node.ts'

/** Something that prevents a build, and how to solve it. */
export interface Problem {
  text: string
  hint?: string | undefined
}

export interface Findings {
  problems: Problem[]
  warnings: string[]
}

export interface CheckOptions {
  facts: HostFacts
  loadConfig: () => Promise<SystemConfig>
  /** The repository, its output folder and its caches. */
  root: string
  dist: string
  cache: Cache
  /** NODEOS_JOBS. */
  jobs: string | undefined
}

/** Measured: an unpacked and compiled kernel tree takes 1.7 GB, a downloaded source 0.15 GB. */
const kernelBytes = { tree: 2_000_000_000, source: 300_000_000 }
/** The layers: staged, packed, and kept. */
const layerBytes = { dist: 500_000_000, cache: 100_000_000 }

/** Finds everything that would stop a build later, without running anything that takes time. */
export async function check(options: CheckOptions): Promise<Findings> {
  const { facts } = options
  const reason = unsupported(facts)
  if (reason !== undefined) return { problems: [{ text: reason, hint: unsupportedHint }], warnings: [] }
  const problems: Problem[] = []
  const warnings: string[] = []
  let config: SystemConfig | undefined
  await collect(problems, async () => {
    config = await options.loadConfig()
  })
  await collect(problems, async () => checkAppConfig(options.root))
  await collect(problems, async () => jobsFrom(options.jobs))
  if (config !== undefined) await checkParts(config, options.root, { problems, warnings })
  const { compilesKernel, required } = await needs(options, config)
  await checkTools(options, required, config, { problems, warnings })
  checkFolders(options, problems)
  if (compilesKernel) checkKernelFolder(options, problems)
  checkSpace(options, compilesKernel, problems)
  return { problems, warnings }
}

async function needs(options: CheckOptions, config: SystemConfig | undefined): Promise<Needs> {
  if (config !== undefined) return buildNeeds({ ...options, config })
  return { compilesKernel: true, required: requirementsFor(['kernel', 'programs', 'compiler', 'build']) }
}

/** Runs a check; a UserError becomes a problem. */
async function collect(problems: Problem[], attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    problems.push({ text: error.message, hint: error.hint })
  }
}

/** Checks that the parts that the configuration names exist. */
async function checkParts(
  config: SystemConfig,
  root: string,
  { problems, warnings }: Findings,
): Promise<void> {
  await collect(problems, async () => npmNode(config.machine.arch))
  await collect(problems, async () => {
    const names = fragmentNames(config, await layerCompression(config), await formatFragments(config))
    requests(await readFragments(names, join(root, 'kernel/config')))
  })
  warnings.push(...checkConfig(config, configFacts(root)).warnings)
}

async function checkTools(
  { facts }: CheckOptions,
  required: Requirement[],
  config: SystemConfig | undefined,
  { problems, warnings }: Findings,
): Promise<void> {
  const missing = findMissing(required, facts)
  if (missing.length > 0) {
    const text = missing.map((requirement) => describeMissing(requirement)).join('\n')
    problems.push({ text, hint: remedy(missing, facts) })
  }
  const versioned = required.filter((item) => item.atLeast !== undefined && !missing.includes(item))
  for (const item of await Promise.all(versioned.map(async (item) => checkRequirement(item, facts)))) {
    if (item.status === 'bad') problems.push({ text: `${item.name} ${item.detail}`, hint: item.hint })
  }
  const later = config?.deploy.target === 'local' ? findMissing(requirementsFor(['boot']), facts) : []
  if (later.length > 0) {
    warnings.push([...later.map((item) => describeMissing(item)), `  ${remedy(later, facts)}`].join('\n'))
  }
}

function checkFolders({ dist, cache }: CheckOptions, problems: Problem[]): void {
  if (!isWritable(dist)) {
    problems.push({
      text: `${nearestExisting(dist)} is not writable: the build writes its results to ${dist}`,
      hint: 'change the owner: sudo chown -R "$USER" .',
    })
  }
  if (!isWritable(cache.own)) {
    problems.push({
      text: `${nearestExisting(cache.own)} is not writable: the build keeps its cache in ${cache.own}`,
      hint: 'set XDG_CACHE_HOME to a folder that you can write to',
    })
  }
}

/** Checks the name and the file system of the folder in which the kernel is compiled. */
function checkKernelFolder({ root, dist }: CheckOptions, problems: Problem[]): void {
  if (/[\s:]/.test(dist)) {
    problems.push({
      text: `the kernel does not compile in a folder with spaces or colons in its name: ${dist}`,
      hint: 'move the repository',
    })
  }
  const place = nearestExisting(dist)
  const sameDisk = statSync(place).dev === statSync(root).dev
  if (sameDisk && existsSync(join(root, 'PACKAGE.JSON'))) {
    problems.push({
      text: `the file system of ${place} ignores case, but files of the kernel differ only in case`,
      hint: 'move the repository to a Linux file system',
    })
  }
}

function checkSpace({ dist, cache }: CheckOptions, compilesKernel: boolean, problems: Problem[]): void {
  const kernel = compilesKernel ? kernelBytes : { tree: 0, source: 0 }
  const lines = spaceProblems([
    { folder: dist, bytes: layerBytes.dist + kernel.tree },
    { folder: cache.own, bytes: layerBytes.cache + kernel.source },
  ])
  for (const text of lines) {
    problems.push({ text, hint: 'free some space, or set XDG_CACHE_HOME to a folder on a larger disk' })
  }
}

/**
 * Prints the warnings and throws the problems.
 *
 * @throws {UserError} when there are problems
 */
export function report({ problems, warnings }: Findings): void {
  for (const warning of warnings) log.warn(warning)
  const [first, ...others] = problems
  if (first === undefined) return
  if (others.length === 0)
    throw new UserError(first.text, first.hint === undefined ? {} : { hint: first.hint })
  const blocks = problems.map(({ text, hint }) =>
    hint === undefined ? text : `${text}\n${hint.replaceAll(/^/gm, '    ')}`,
  )
  throw new UserError(`${problems.length} problems prevent the build`, { hint: blocks.join('\n\n') })
}
