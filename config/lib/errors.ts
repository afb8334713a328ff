/**
 * An error whose reader is a person: what went wrong, where, and what to do next.
 * Everything else that is thrown is a bug and keeps its stack trace.
 */
export class UserError extends Error {
  override name = 'UserError'
  /** One or more commands or edits that get the reader out of it. */
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

/** Turns any thrown value into the lines to print on stderr: a user's error readable, a bug with its stack. */
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

/** Failures of the machine rather than of the code: said in words, with the path that met them. */
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
