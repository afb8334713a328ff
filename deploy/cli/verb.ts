import { createInterface } from 'node:readline/promises'
import { UsageError, UserError } from '../../config/lib/errors.ts'
import { type Command, type Options, type Parsed, runCommand } from '../../config/lib/main.ts'
import type { Report } from '../target.ts'

const jsonOption = { json: { type: 'boolean' } } as const

type WithJson<T extends Options> = T & typeof jsonOption

/** A verb of the command line. Each has `--help` and `--json`. */
export interface VerbSpec<T extends Options> extends Command<T> {
  /** Whether it streams and prints its own JSON, or why it has none; by default `--json` prints the report. */
  json?: { prints: string } | { unsupported: string }
  /** Returns what to print, unless it has printed everything itself. */
  run: (values: Parsed<WithJson<T>>['values'], words: readonly string[]) => Promise<Report | undefined>
}

/** A verb whose options are known to itself only. */
export interface Verb extends Command<Options> {
  json?: VerbSpec<Options>['json']
  /** Runs it with these arguments, and sets the exit status. */
  start(argv: readonly string[]): Promise<void>
}

/** Adds to a verb what all verbs have: `--json` and `--help`, one way to report, the exit statuses. */
export function verb<const T extends Options>({ run, ...spec }: VerbSpec<T>): Verb {
  const { json = { prints: 'print JSON' } } = spec
  const command = {
    ...spec,
    options: { ...spec.options, ...jsonOption },
    help: { ...spec.help, json: 'prints' in json ? json.prints : `not supported: ${json.unsupported}` },
  }
  return {
    ...command,
    start: (argv) =>
      runCommand<WithJson<T>>(command, argv, async ({ values, positionals }) => {
        const asJson = (values as { json?: boolean }).json === true
        if (asJson && 'unsupported' in json)
          throw new UsageError(`--json is not supported: ${json.unsupported}`)
        const report = await run(values, positionals)
        if (report !== undefined) printReport(report, asJson)
      }),
  }
}

function printReport({ text, data, status }: Report, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(data)}\n`)
  else if (text !== '') process.stdout.write(`${text}\n`)
  if (status !== undefined) process.exitCode = status
}

/**
 * Reads the number that an option or argument has.
 *
 * @throws {UsageError} when it is not a number above 0
 */
export function positiveNumber(name: string, text: string): number {
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new UsageError(`${name}: must be a number above 0, got '${text}'`)
}

/**
 * Asks the person at the terminal to type a name before something is removed.
 *
 * @param action what happens next, such as "Remove shop and its releases"
 * @throws {UserError} when another name is typed, or there is no terminal
 */
export async function confirm(action: string, name: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError('confirmation needs a terminal', { hint: 'pass --yes' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${action}? Type ${name} to confirm: `)
  terminal.close()
  if (answer !== name) throw new UserError(`nothing was removed: the name to type is ${name}`)
}
