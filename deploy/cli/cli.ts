import { parseArgs } from 'node:util'
import { UsageError } from '../../config/lib/errors.ts'
import { optionsText, runCommand } from '../../config/lib/main.ts'
import { deployVerbs } from './deploy.ts'
import { dev } from './dev.ts'
import { hostVerbs } from './host.ts'
import { profile } from './profile.ts'
import { repl } from './repl.ts'
import type { Verb } from './verb.ts'

type Verbs = Readonly<Record<string, Verb>>

/** Every verb, but for those of `npm run host`. */
export const verbs: Verbs = { ...deployVerbs, dev, profile, repl }

const defaultHostVerb = 'add'

/** Runs a verb: `list --json`, or `host trust shop key.pub`. */
export async function start([name = '', ...argv]: readonly string[]): Promise<void> {
  if (name === 'host') return startHost(argv)
  const overview = {
    usage: 'node deploy/cli/cli.ts',
    example: 'node deploy/cli/cli.ts list --json',
    summary: `Deploys machines and works with them.\n\n${describe(verbs)}\n  host\n    Sets up this host for deploys by git.`,
    words: ['verb', '[argument…]'],
    options: {},
    help: {},
  }
  await runCommand(overview, name === '' ? [] : [name], () => find(verbs, name).start(argv))
}

async function startHost(argv: readonly string[]): Promise<void> {
  const { name, rest } = takeVerb(argv)
  const overview = {
    usage: 'npm run host --',
    summary: `Sets up this host for deploys by git: a repository for each appliance, and a service that boots, checks and replaces
releases. The default verb is ${defaultHostVerb}.\n\n${describe(hostVerbs)}`,
    words: ['[verb]', '[argument…]'],
    options: {},
    help: {},
    example: hostVerbs[defaultHostVerb]?.example ?? '',
  }
  const helps = name === undefined && rest.some((word) => word === '--help' || word === '-h')
  const found = name ?? defaultHostVerb
  await runCommand(overview, helps ? ['--help'] : [found], () => find(hostVerbs, found).start(rest))
}

/** Splits the verb from its arguments: options may come before it. */
function takeVerb(argv: readonly string[]): { name: string | undefined; rest: string[] } {
  const options = Object.assign(
    {},
    ...Object.values(hostVerbs).map((verb) => verb.options),
  ) as Verb['options']
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const first = tokens.find(({ kind }) => kind === 'positional')
  return {
    name: first === undefined ? undefined : argv[first.index],
    rest: argv.filter((_, index) => index !== first?.index),
  }
}

/** @throws {UsageError} when the verb does not exist */
function find(all: Verbs, name: string): Verb {
  const found = Object.hasOwn(all, name) ? all[name] : undefined
  if (found !== undefined) return found
  throw new UsageError(`unknown verb '${name}'`, { hint: `verbs: ${Object.keys(all).join(', ')}` })
}

/** Describes verbs with their options. */
function describe(all: Verbs): string {
  return Object.entries(all)
    .map(([name, verb]) =>
      [
        `  ${[name, ...(verb.words ?? [])].join(' ')}\n`,
        `    ${verb.summary}\n`,
        optionsText(verb).replaceAll(/^/gm, '    ').trimEnd(),
      ].join(''),
    )
    .join('\n\n')
}

if (import.meta.main) await start(process.argv.slice(2))
