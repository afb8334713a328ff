import { stripTypeScriptTypes } from 'node:module'
import { UserError } from '../lib/errors.ts'

/** Whether a file's name says that it holds types to strip. */
export function isTypeScript(path: string): boolean {
  return /(?<!\.d)\.[cm]?ts$/.test(path)
}

/**
 * Replaces types by spaces, so that every position stays and no source map is needed.
 *
 * @throws {UserError} with file and line for syntax that needs more than stripping
 */
export function stripTypes(code: string, path: string): string {
  try {
    return stripTypeScriptTypes(code, { mode: 'strip' })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new UserError(`${path} cannot run as it is: ${message}`, {
      hint: 'Node strips types and nothing else: no enum, namespace, parameter property or legacy decorator.\nset "erasableSyntaxOnly": true in tsconfig.json to see them all',
      cause: error,
    })
  }
}
