import { randomBytes } from 'node:crypto'

const process = randomBytes(6).toString('hex')
let count = 0

/** Returns the id that a trusted proxy has set, or a new unique one. */
export function requestId(given: string | string[] | undefined): string {
  if (typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given)) return given
  count += 1
  return `${process}-${count.toString(36)}`
}
