import { parseArgs, type ParseArgsConfig } from 'node:util'
import { loadToolVariables } from '../variables.ts'
import { describeError, UserError } from './errors.ts'
import { root } from './paths.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** What a command says of itself: `--help` prints it, and an unknown flag points at it. */
export interface Command<T extends Options> {
  /** As it is typed, e.g. `npm run deploy --`. */
  usage: string
  summary: string
  options: T
  /** One line a flag, in the order to print them. */
  help: Record<keyof T & string, string>
  /** Whether words that are not flags are accepted. */
  positionals?: boolean
}

type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>

/**
 * Runs a command line entry point when its file is the program: parses flags, answers `--help`,
 * and ends with status 1 and one readable message when `body` throws.
 */
export async function main<T extends Options>(
  meta: ImportMeta,
  command: Command<T>,
  body: (args: Parsed<T>) => Promise<void> | void,
): Promise<void> {
  if (!meta.main) return
  try {
    const args = parse(command, process.argv.slice(2))
    if (args === undefined) {
      process.stdout.write(helpText(command))
      return
    }
    loadToolVariables(root, process.env)
    await body(args)
  } catch (error) {
    process.stderr.write(`\n${describeError(error)}\n`)
    process.exitCode = 1
  }
}

function parse<T extends Options>(command: Command<T>, argv: string[]): Parsed<T> | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return undefined
  try {
    const parsed = parseArgs<{ args: string[]; options: T; allowPositionals: true }>({
      args: argv,
      options: command.options,
      allowPositionals: true,
    })
    const [unexpected] = parsed.positionals
    if (unexpected !== undefined && command.positionals !== true) {
      throw new Error(`unexpected argument '${unexpected}'`)
    }
    return parsed
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error), {
      hint: `${command.usage} --help   lists the options`,
      cause: error,
    })
  }
}

function helpText<T extends Options>(command: Command<T>): string {
  const flags = Object.entries(command.options).map(([name, option]) => {
    const flag = `--${name}${option.type === 'string' ? ' <value>' : ''}`
    return `  ${flag.padEnd(22)} ${command.help[name] ?? ''}\n`
  })
  flags.push(`  ${'--help'.padEnd(22)} print this\n`)
  return `${command.summary}\n\nusage: ${command.usage} [options]\n\n${flags.join('')}`
}
