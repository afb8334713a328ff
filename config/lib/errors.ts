/**
 * An error for the user: what went wrong, where, and what to do next.
 * Any other error is a bug and is printed with its stack trace.
 */
export class UserError extends Error {
  override name = 'UserError'
  /** Commands or edits that solve it. */
  readonly hint: string | undefined

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.hint = options.hint
  }
}

/** The command line is wrong: the command ends with status 2 instead of 1. */
export class UsageError extends UserError {
  override name = 'UsageError'
}

/** Returns whether an error has one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Returns the lines to print on stderr for any thrown value: a bug with its stack. */
export function describeError(error: unknown): string {
  if (error instanceof UserError) {
    return error.hint === undefined
      ? `error: ${error.message}`
      : `error: ${error.message}\n\n${indent(error.hint)}`
  }
  const systemError = describeSystemError(error)
  if (systemError !== undefined) return `error: ${systemError}`
  return `bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

/** Describes failures of the host rather than of the code, with the path. */
function describeSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const path = 'path' in error && typeof error.path === 'string' ? ` (${error.path})` : ''
  switch (error.code) {
    case 'ENOSPC':
      return `the disk is full${path}\n\n  free some space, or set XDG_CACHE_HOME to a folder on a larger disk`
    case 'EROFS':
      return `the file system is read-only${path}`
    case 'EACCES':
      return `permission denied${path}`
    case 'EDQUOT':
      return `the disk quota is used up${path}`
    default:
      return undefined
  }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
