import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { type Context, explain } from './explain.ts'

/**
 * The error of a failed deploy: the cause, what to do, the lines of the console that show it, and where the whole
 * console is.
 *
 * @param file keeps the console: the machine that takes this one's place writes over the original
 */
export function deployError(console: string, context: Context, file: string): UserError {
  const { cause, hint, lines } = explain(console, context)
  const kept = console !== '' && keep(console, file)
  const parts = [
    ...(hint === undefined ? [] : [hint]),
    ...(lines.length === 0 ? [] : [`from the console:\n\n${lines.join('\n')}`]),
    kept ? `the whole console: ${file}` : console === '' ? 'the console is empty' : '',
  ]
  return new UserError(cause, { hint: parts.filter((part) => part !== '').join('\n\n') })
}

/** A full disk must not hide the cause. */
function keep(console: string, file: string): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, console)
    return true
  } catch {
    return false
  }
}
