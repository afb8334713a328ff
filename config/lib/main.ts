import { parseArgs, type ParseArgsConfig } from 'node:util'
import { loadToolVariables } from './env.ts'
import { describeError, UsageError } from './errors.ts'
import { root } from './paths.ts'

export type Options = NonNullable<ParseArgsConfig['options']>

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
  /** A complete command, which `--help` prints. */
  example?: string
}

export type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>

/** Runs a command with the arguments of the process, if its file is the program. */
export async function main<T extends Options>(
  meta: ImportMeta,
  command: Command<T>,
  body: (args: Parsed<T>) => Promise<void> | void,
): Promise<void> {
  if (meta.main) await runCommand(command, process.argv.slice(2), body)
}

/**
 * Runs a command: parses the arguments, prints the help for `--help`, and sets the exit status.
 * If `body` throws, prints one readable message; the status is then 2 for a wrong command line, and 1 for everything else.
 */
export async function runCommand<T extends Options>(
  command: Command<T>,
  argv: readonly string[],
  body: (args: Parsed<T>) => Promise<void> | void,
): Promise<void> {
  try {
    const args = parse(command, argv)
    if (args === undefined) {
      process.stdout.write(helpText(command))
      return
    }
    loadToolVariables(root, process.env)
    await body(args)
  } catch (error) {
    process.stderr.write(`\n${describeError(error)}\n`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}

function parse<T extends Options>(command: Command<T>, argv: readonly string[]): Parsed<T> | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return undefined
  try {
    const parsed = parseArgs<{ args: string[]; options: T; allowPositionals: true }>({
      args: [...argv],
      options: command.options,
      allowPositionals: true,
    })
    const [unexpected] = parsed.positionals
    if (unexpected !== undefined && command.positionals !== true) {
      throw new Error(`unexpected argument '${unexpected}'`)
    }
    return parsed
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), {
      hint: `${command.usage} --help   lists the options`,
      cause: error,
    })
  }
}

/** The help of a command. */
export function helpText<T extends Options>(command: Command<T>): string {
  const flags = Object.entries(command.options).map(([name, option]) => {
    const flag = `--${name}${option.type === 'string' ? ' <value>' : ''}`
    return `  ${flag.padEnd(22)} ${command.help[name] ?? ''}\n`
  })
  flags.push(`  ${'--help'.padEnd(22)} print this\n`)
  const example = command.example === undefined ? '' : `\nexample: ${command.example}\n`
  return `${command.summary}\n\nusage: ${command.usage} [options]\n\n${flags.join('')}${example}`
}
