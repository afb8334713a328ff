import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { UserError } from './errors.ts'

/** Programs for administrators are in folders that are not on the PATH of every user. */
const administrative = ['/usr/sbin', '/sbin']

/** Returns the folders that programs are searched in: those of the PATH, and those of administrators. */
export function programFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  return [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...administrative]
}

/** Finds a program; a name with a slash is its own path. (`shell.which` would search the PATH only.) */
export function findProgram(name: string, folders: readonly string[] = programFolders()): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** Finds a program. @throws {UserError} when the host does not have it; `purpose` completes "needed to" */
export function requireProgram(name: string, purpose: string): string {
  const file = findProgram(name)
  if (file !== undefined) return file
  throw missingProgram(name, purpose)
}

/** Makes the error for a program that the host does not have. */
export function missingProgram(name: string, purpose: string): UserError {
  return new UserError(`could not find '${name}', which is needed to ${purpose}`, {
    hint: 'npm run doctor   shows what is missing and how to install it',
  })
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
