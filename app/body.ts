import { buffer } from 'node:stream/consumers'
import type { Request, Response } from '#nodeos/answer'
import { limited, TooLarge } from '#nodeos/body'

/** A request's body: null for none, bytes where it is small enough to be sent again, else the stream. */
export type Body = null | Buffer | Request | AsyncIterable<Buffer>

/** The client went away before its request was whole. */
export class Incomplete extends Error {
  override name = 'Incomplete'
}

/** Bodies up to this size are kept until there is an answer. */
const kept = 65_536
/** And no more than this of all of them: what comes beyond it is passed on as it comes. */
const keptTogether = 16 * 2 ** 20
let keeping = 0

/**
 * Prepares a request's body for being sent to a backend, and perhaps to another one after that.
 *
 * @param most bytes; 0 for no limit
 * @throws {TooLarge | Incomplete}
 */
export async function bodyOf(request: Request, response: Response, most: number): Promise<Body> {
  const length = request.headers['content-length']
  if (length === undefined) return most === 0 ? request : limited(request, most)
  const bytes = Number(length)
  if (most > 0 && bytes > most) throw new TooLarge()
  if (bytes > kept || keeping + bytes > keptTogether) return request
  keeping += bytes
  response.once('close', () => (keeping -= bytes))
  try {
    return await buffer(request)
  } catch (error) {
    throw new Incomplete('the client went away', { cause: error })
  }
}
