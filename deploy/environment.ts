import { readFile } from 'node:fs/promises'
import { UserError } from '../build/lib/errors.ts'
import { strayLine } from '../kernel/system/environment.ts'

/**
 * Checks a file of variables that a machine is to be given.
 *
 * @param setting that names the file, e.g. `deploy.options.env`
 * @returns the file
 * @throws {UserError} what the machine would refuse, without a word of what is in the file
 */
export async function checkEnvironment(setting: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError(`${setting}: ${file} cannot be read`)
  })
  const stray = strayLine(text)
  if (stray === undefined) return file
  throw new UserError(`${setting}: ${file}, line ${stray}: neither NAME=value nor a comment`, {
    hint: 'a value of several lines, such as a key, stands in quotes: NAME="first line\nlast line"',
  })
}
