import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import shell from 'shelljs'
import { UserError } from './errors.ts'

/** How a tool is run and what is said when it fails. */
export interface ToolOptions {
  /** What the tool is for, as in "could not <purpose>". */
  purpose: string
  cwd?: string
}

/** Where a host tool lies. Some are for administrators, and not on the PATH of every user. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Runs a host tool to its end and returns what it printed on stdout.
 *
 * @throws {UserError} when it is missing or fails, with the end of what it said
 */
export function tool(argv: readonly [string, ...string[]], options: ToolOptions): string {
  const [name, ...rest] = argv
  const file = findTool(name)
  if (file === undefined) throw missingTool(name, options.purpose)
  const result = shell.cmd(file, ...rest, options.cwd === undefined ? {} : { cwd: options.cwd })
  if (result.code !== 0) {
    throw new UserError(`could not ${options.purpose}: ${name} exited with status ${result.code}`, {
      hint: tail(result.stderr || result.stdout, 15),
    })
  }
  return result.stdout
}

/** Says that a host tool is missing, and what it is needed for. */
export function missingTool(name: string, purpose: string): UserError {
  return new UserError(`could not find '${name}', which is needed to ${purpose}`, {
    hint: 'npm run doctor   shows what is missing and how to install it',
  })
}

/** The last lines of a text. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}
