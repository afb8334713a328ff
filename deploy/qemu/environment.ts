import { readFile } from 'node:fs/promises'
import { UserError } from '../../config/lib/errors.ts'
import { strayLine } from '../../kernel/contract/environment.ts'

/**
 * Checks a file of variables that a machine is to be given.
 *
 * @param setting that names the file, e.g. `deploy.options.env`
 * @returns the file
 * @throws {UserError} naming the line that the machine would reject, without its content
 */
export async function checkEnvironment(setting: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError(`${setting}: cannot read ${file}`, {
      hint: 'create the file with KEY=value lines, or remove the setting; then npm run build',
    })
  })
  const stray = strayLine(text)
  if (stray === undefined) return file
  throw new UserError(`${setting}: ${file}, line ${stray}: must be NAME=value or a comment`, {
    hint: 'quote a value of several lines, such as a key: NAME="first line\nlast line"',
  })
}
