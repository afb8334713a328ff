import { stripTypeScriptTypes } from 'node:module'
import { parseSync, Visitor } from 'oxc-parser'
import { UserError } from '../../config/lib/errors.ts'

/** The result of stripping types. */
export type Stripped =
  /** The types are gone: it is JavaScript. */
  | { as: 'javascript'; code: string }
  /** It has syntax that needs a compiler. */
  | { as: 'typescript' }
  | { as: 'broken'; error: UserError }

/** Returns whether a file's name says that it holds types to strip. */
export function isTypeScript(path: string): boolean {
  return /(?<!\.d)\.[cm]?ts$/.test(path)
}

/**
 * Replaces types by spaces, so that every position stays and no source map is needed.
 *
 * @param path as it is called in messages
 */
export function stripTypes(code: string, path: string): Stripped {
  try {
    const stripped = withoutExperimentalWarning(() => stripTypeScriptTypes(code, { mode: 'strip' }))
    return isDecorated(stripped) ? { as: 'typescript' } : { as: 'javascript', code: stripped }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    if ('code' in error && error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return { as: 'typescript' }
    // The first line of the stack is `<file>:<line>`.
    const line = /^.*?:(\d+)\n/.exec(error.stack ?? '')?.[1]
    const place = line === undefined ? path : `${path}:${line}`
    const reason = /^[^\n]*?(?=\. Expected|\n|$)/.exec(error.message)?.[0] ?? ''
    return {
      as: 'broken',
      error: new UserError(`${place} is not valid TypeScript: ${reason}`, { cause: error }),
    }
  }
}

/** `stripTypeScriptTypes` calls itself experimental; Node strips this very file by the same means. */
function withoutExperimentalWarning<T>(run: () => T): T {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] !== 'ExperimentalWarning') Reflect.apply(emitWarning, undefined, [warning, ...rest])
  }
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Returns whether JavaScript has decorators: stripping lets them pass, V8 does not. An `@` may also stand in a string. */
export function isDecorated(code: string): boolean {
  if (!/^(?!\s*(?:\*|\/[/*]))(?:[^/\n]*[\s;{(,])?@[\w$(]/m.test(code)) return false
  let found = false
  const { program } = parseSync('a.js', code)
  new Visitor({ Decorator: () => void (found = true) }).visit(program)
  return found
}
