import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { type HostFacts, hostFacts } from './host/facts.ts'
import { describeMissing, findMissing, remedy } from './host/find.ts'
import { type Demand, isWritable, nearestExisting, spaceProblems } from './host/space.ts'
import { elsewhere, unsupported } from './host/supported.ts'
import { requirementsFor } from './host/tools.ts'
import { type Cache, cacheFrom } from './lib/cache.ts'
import { UserError } from './lib/errors.ts'
import { log } from './lib/log.ts'
import { main } from './lib/main.ts'
import { dist, root } from './lib/paths.ts'
import { npmNode } from './runtime/node.ts'

/** Something that stands in the way of a build, and what to do about it. */
export interface Problem {
  text: string
  hint?: string
}

export interface Findings {
  problems: Problem[]
  warnings: string[]
}

export interface CheckOptions {
  facts: HostFacts
  loadConfig(): Promise<SystemConfig>
  /** The repository, its output folder and its caches. */
  root: string
  dist: string
  cache: Cache
}

/** Measured: an unpacked and compiled kernel tree takes 1.7 GB, a downloaded source 0.15 GB. */
const kernelBytes = { tree: 2_000_000_000, source: 300_000_000 }
/** The layers, staged and packed. */
const layerBytes = 500_000_000

/** Looks for everything that would stop a build later, without running anything that takes time. */
export async function check(options: CheckOptions): Promise<Findings> {
  const { facts, cache } = options
  const reason = unsupported(facts)
  if (reason !== undefined) return { problems: [{ text: reason, hint: elsewhere }], warnings: [] }
  const config = await readConfig(options)
  const kernelAtHand = await hasKernel(options)
  const tools = checkTools(facts, kernelAtHand, 'image' in config ? config : undefined)
  const problems = [
    ...('image' in config ? await checkNode(config) : [config]),
    ...tools.problems,
    ...checkFolders(options, kernelAtHand),
  ]
  const demands: Demand[] = [
    { folder: options.dist, bytes: layerBytes + (kernelAtHand ? 0 : kernelBytes.tree) },
    { folder: cache.own, bytes: layerBytes / 5 + (kernelAtHand ? 0 : kernelBytes.source) },
  ]
  for (const text of spaceProblems(demands)) {
    problems.push({ text, hint: 'free some space, or point XDG_CACHE_HOME at a larger disk' })
  }
  return { problems, warnings: tools.warnings }
}

async function readConfig({ loadConfig }: CheckOptions): Promise<SystemConfig | Problem> {
  try {
    return await loadConfig()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return error.hint === undefined ? { text: error.message } : { text: error.message, hint: error.hint }
  }
}

async function checkNode(config: SystemConfig): Promise<Problem[]> {
  try {
    await npmNode(config.machine.arch)
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [error.hint === undefined ? { text: error.message } : { text: error.message, hint: error.hint }]
  }
}

/** A kernel that was compiled before is most likely taken again: its tools are then no condition. */
async function hasKernel({ dist, cache }: CheckOptions): Promise<boolean> {
  if (existsSync(join(dist, 'kernel.json')) || cache.others.length > 0) return true
  const entries = await readdir(cache.own).catch(() => [])
  return entries.some((name) => name.startsWith('kernel-'))
}

function checkTools(facts: HostFacts, kernelAtHand: boolean, config: SystemConfig | undefined): Findings {
  const compression = config?.image.compression
  const needed = findMissing(
    requirementsFor(kernelAtHand ? ['build'] : ['kernel', 'build'], compression),
    facts,
  )
  const local = config?.deploy.target === 'local'
  const later = findMissing(
    requirementsFor([...(kernelAtHand ? (['kernel'] as const) : []), ...(local ? (['boot'] as const) : [])]),
    facts,
  )
  const warnings = later.map(
    (requirement) => `${describeMissing(requirement)}\n  ${remedy([requirement], facts)}`,
  )
  if (needed.length === 0) return { problems: [], warnings }
  const [last, ...others] = needed.map(describeMissing).reverse()
  const problems: Problem[] = others.reverse().map((text) => ({ text }))
  problems.push({ text: last ?? '', hint: remedy([...needed, ...later], facts) })
  return { problems, warnings }
}

function checkFolders({ root, dist, cache }: CheckOptions, kernelAtHand: boolean): Problem[] {
  const problems: Problem[] = []
  for (const folder of [dist, cache.own]) {
    if (!isWritable(folder)) {
      problems.push({
        text: `${nearestExisting(folder)} cannot be written, and builds keep their results in ${folder}`,
        hint:
          folder === dist
            ? 'take it over: sudo chown -R "$USER" .'
            : 'point XDG_CACHE_HOME at a folder of yours',
      })
    }
  }
  if (kernelAtHand) return problems
  if (/[\s:]/.test(dist)) {
    problems.push({
      text: `the kernel's build refuses folders with spaces or colons in their name: ${dist}`,
      hint: 'move the repository',
    })
  }
  if (existsSync(join(root, 'PACKAGE.JSON'))) {
    problems.push({
      text: `the file system of ${root} does not tell upper from lower case, and files of the kernel differ in it alone`,
      hint: 'move the repository to a Linux file system',
    })
  }
  return problems
}

/** Throws one error that says all that was found. */
export function report({ problems, warnings }: Findings): void {
  for (const warning of warnings) log.warn(warning)
  if (problems.length === 0) return
  const [only] = problems
  if (problems.length === 1 && only !== undefined) {
    throw new UserError(only.text, only.hint === undefined ? {} : { hint: only.hint })
  }
  const blocks = problems.map(
    ({ text, hint }) => `${text}${hint === undefined ? '' : `\n\n${hint.replaceAll(/^/gm, '  ')}\n`}`,
  )
  throw new UserError(`${problems.length} things stand in the way of a build`, {
    hint: blocks.join('\n').trimEnd(),
  })
}

await main(
  import.meta,
  {
    usage: 'node build/check.ts',
    summary: 'Checks everything that would stop a build later. npm run build begins with it.',
    options: {},
    help: {},
  },
  async () => {
    report(
      await check({
        facts: hostFacts(process.env),
        loadConfig: () => loadConfig(),
        root,
        dist,
        cache: cacheFrom(process.env),
      }),
    )
  },
)
