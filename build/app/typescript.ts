import { spawnSync } from 'node:child_process'
import { stripTypeScriptTypes } from 'node:module'
import { UserError } from '../lib/errors.ts'

/** Whether a file's name says that it holds types to strip. */
export function isTypeScript(path: string): boolean {
  return /(?<!\.d)\.[cm]?ts$/.test(path)
}

/**
 * Replaces types by spaces, so that every position stays and no source map is needed.
 *
 * @param path as it is called in messages
 * @throws {UserError} with file and line for syntax that needs more than stripping
 */
export function stripTypes(code: string, path: string): string {
  let stripped: string
  try {
    stripped = withoutExperimentalWarning(() => stripTypeScriptTypes(code, { mode: 'strip' }))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The first line of the stack is `<file>:<line>`.
    const line = /^.*?:(\d+)\n/.exec(error.stack ?? '')?.[1]
    throw refused(path, line, error.message.split('\n', 1)[0] ?? '', error)
  }
  const decorator = decoratorLine(stripped)
  if (decorator !== undefined) throw refused(path, decorator, 'decorators are not JavaScript yet')
  return stripped
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

/**
 * The line of a decorator. Stripping lets them pass; V8 does not. An `@` may also stand in a
 * string, so V8 is asked.
 */
function decoratorLine(code: string): string | undefined {
  const perhaps = /^(?!\s*(?:\*|\/[/*]))(?:[^/\n]*[\s;{(,])?@[\w$(]/m
  if (!perhaps.test(code)) return undefined
  const { stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {
    input: code,
    encoding: 'utf8',
  })
  const line = /^\S*\[stdin\]:(\d+)$/m.exec(stderr)?.[1]
  return line !== undefined && code.split('\n')[Number(line) - 1]?.includes('@') === true ? line : undefined
}

function refused(path: string, line: string | undefined, reason: string, cause?: unknown): UserError {
  const place = line === undefined ? path : `${path}:${line}`
  return new UserError(`${place} cannot run as it is: ${reason}`, {
    hint:
      'Node strips types and nothing else: no enum, namespace, parameter property or decorator.\n' +
      'set "erasableSyntaxOnly": true in tsconfig.json to see them all',
    cause,
  })
}
