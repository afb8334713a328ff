import { join } from 'node:path'
import { unsupportedHint, type HostFacts, hostFacts, unsupported } from './host/facts.ts'
import { describeMissing, findMissing, packagesFor, remedy } from './host/find.ts'
import { buildStages, type Requirement, requirements, requirementsFor } from './host/tools.ts'
import { loadConfig } from '../config/load.ts'
import { cacheFrom } from './pipeline/cache.ts'
import { needsHere } from './needs.ts'
import { describeError } from '../config/lib/errors.ts'
import { log, progress } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { findProgram } from '../config/lib/find.ts'
import { tryRunSync } from '../config/lib/run.ts'
import { dist, root } from '../config/lib/paths.ts'

export interface SetupOptions {
  facts: HostFacts
  /** The requirements to check. */
  wanted: readonly Requirement[]
  /** Whether the user wants nothing installed. */
  skip: boolean
  /** Whether sudo works without a password. */
  sudo: () => boolean
  /** Installs packages of apt, with these words before the command. */
  install: (packages: readonly string[], prefix: readonly string[]) => Promise<void>
}

/**
 * Checks the requirements and installs what is missing if that needs no password. Otherwise prints how to install it: `npm install` does not fail.
 *
 * @returns `complete` when nothing was missing; nothing is printed then
 */
export async function setUp(
  options: SetupOptions,
): Promise<'complete' | 'installed' | 'incomplete' | 'unsupported'> {
  const { facts, wanted } = options
  const reason = unsupported(facts)
  if (reason !== undefined) {
    log.warn(`${reason}\n\n${unsupportedHint}\n`)
    return 'unsupported'
  }
  const missing = findMissing(wanted, facts)
  if (missing.length === 0) return 'complete'
  const prefix = options.skip ? undefined : quietPrefix(options)
  if (prefix !== undefined) {
    try {
      await options.install(packagesFor(missing, 'apt'), prefix)
    } catch (error) {
      log.warn(describeError(error))
    }
  }
  const left = prefix === undefined ? missing : findMissing(wanted, facts)
  if (left.length === 0) return 'installed'
  const lines = left.map((requirement) => `  ${describeMissing(requirement)}`)
  log.warn(`missing on this host:\n\n${lines.join('\n')}\n`)
  log.step(`${remedy(left, facts)}\n`)
  return 'incomplete'
}

/** Returns the words before `apt-get` that make it run without a password; undefined if one is needed. */
function quietPrefix({ facts, sudo }: SetupOptions): string[] | undefined {
  if (facts.distribution.manager !== 'apt' || findProgram('apt-get', facts.path) === undefined)
    return undefined
  if (facts.root) return []
  return sudo() ? ['sudo', '-n'] : undefined
}

async function installWithProgress(packages: readonly string[], prefix: readonly string[]): Promise<void> {
  // Most runs find nothing missing and do not need it.
  const { aptInstall } = await import('./host/apt.ts')
  const line = progress(
    `Installing ${packages.length} packages without starting their services (NODEOS_SKIP_SETUP=1 skips this)`,
  )
  const said = new Set<string>()
  await aptInstall(packages, {
    prefix: [...prefix, 'sh', join(import.meta.dirname, 'host/without-services.sh')],
    log: join(dist, 'logs/setup.log'),
    doing: (text) => line.update(text),
    waiting(text) {
      if (!said.has(text)) log.info(text)
      said.add(text)
    },
  })
  line.done(packages.join(' '))
}

/** Without a flag: what builds of the present configuration run here, and boots. */
async function wanted({ all, test }: { all?: boolean; test?: boolean }): Promise<readonly Requirement[]> {
  if (test === true) return requirements
  if (all === true) return requirementsFor(buildStages)
  const cache = cacheFrom(process.env)
  return (await needsHere(async () => loadConfig(), { cache, root, dist })).required
}

await main(
  import.meta,
  {
    usage: 'node build/setup.ts',
    example: 'node build/setup.ts --test',
    summary:
      'Installs host packages that builds need, unless that requires a password. Runs after npm install and before tests.',
    options: { all: { type: 'boolean' }, test: { type: 'boolean' } },
    help: {
      all: 'also install what other configurations need: compilers, and the tools of all image formats',
      test: 'also install what npm run test:all needs',
    },
  },
  async ({ values }) => {
    await setUp({
      facts: hostFacts(process.env),
      wanted: await wanted(values),
      skip: process.env['NODEOS_SKIP_SETUP'] === '1',
      sudo: () =>
        findProgram('sudo') !== undefined &&
        tryRunSync(['sudo', '-n', 'true'], { purpose: 'install packages' }).status === 0,
      install: installWithProgress,
    })
  },
)
