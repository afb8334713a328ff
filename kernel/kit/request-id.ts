import { randomBytes } from 'node:crypto'

const process = randomBytes(6).toString('hex')
let count = 0

/** The id that a trusted proxy gave a request, or a new one: unique, and cheap. */
export function requestId(given: string | string[] | undefined): string {
  if (typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given)) return given
  count += 1
  return `${process}-${count.toString(36)}`
}
