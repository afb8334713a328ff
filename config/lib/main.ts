import { parseArgs, type ParseArgsConfig } from 'node:util'
import { loadToolVariables } from './env.ts'
import { describeError, UsageError } from './errors.ts'
import { root } from './paths.ts'

export type Options = NonNullable<ParseArgsConfig['options']>

/** The description of a command, which `--help` prints. */
export interface Command<T extends Options> {
  /** As it is typed, e.g. `npm run deploy --`. */
  usage: string
  summary: string
  options: T
  /** One line a flag, in the order to print them. */
  help: Record<keyof T & string, string>
  /** Names of the arguments that are not flags, such as `name`, `[release]` or `[file…]`. Brackets: optional; `…`: any number. */
  words?: readonly string[]
  /** A complete command, which `--help` prints. */
  example: string
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
  process.once('SIGINT', reportInterrupt)
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
  } finally {
    process.off('SIGINT', reportInterrupt)
  }
}

/** Ends the process with a message, unless the command handles the signal itself. */
function reportInterrupt(): void {
  if (process.listenerCount('SIGINT') > 0) return
  process.stderr.write('\nerror: interrupted\n')
  process.kill(process.pid, 'SIGINT')
}

function parse<T extends Options>(command: Command<T>, argv: readonly string[]): Parsed<T> | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return undefined
  try {
    const parsed = parseArgs<{ args: string[]; options: T; allowPositionals: true }>({
      args: [...argv],
      options: command.options,
      allowPositionals: true,
    })
    checkWords(parsed.positionals, command.words)
    return parsed
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), {
      hint: `${command.usage} --help   lists the options`,
      cause: error,
    })
  }
}

/** @throws {Error} when an argument is missing, or there is one too many */
function checkWords(given: readonly string[], names: readonly string[] = []): void {
  const missing = names.find((name, index) => !name.startsWith('[') && given[index] === undefined)
  if (missing !== undefined) throw new Error(`missing argument: ${missing}`)
  const unexpected = given[names.length]
  if (unexpected !== undefined && !names.some((name) => name.includes('…')))
    throw new Error(`unexpected argument '${unexpected}'`)
}

/** Formats the help of a command. */
export function helpText<T extends Options>(command: Command<T>): string {
  const { summary, usage, words = [], example } = command
  const help = `  ${'--help'.padEnd(22)} print this\n`
  return [
    `${summary}\n\n`,
    `usage: ${[usage, ...words, '[options]'].join(' ')}\n\n`,
    optionsText(command),
    help,
    `\nexample: ${example}\n`,
  ].join('')
}

/** Formats the options of a command, one a line. */
export function optionsText<T extends Options>({
  options,
  help,
}: Pick<Command<T>, 'options' | 'help'>): string {
  return Object.entries(options)
    .map(([name, { type }]) => {
      const flag = `--${name}${type === 'string' ? ' <value>' : ''}`
      return `  ${flag.padEnd(22)} ${help[name] ?? ''}\n`
    })
    .join('')
}
