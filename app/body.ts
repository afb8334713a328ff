import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Response } from './forward.ts'

export type Request = IncomingMessage | Http2ServerRequest

/** A request's body: null for none, bytes where it is small enough to be sent again, else the stream. */
export type Body = null | Buffer | Request | AsyncIterable<Buffer>

/** The body is longer than `limits.bodyBytes`. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

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
 * @throws {TooLarge}
 */
export async function bodyOf(request: Request, response: Response, most: number): Promise<Body> {
  const length = request.headers['content-length']
  if (length === undefined) return most === 0 ? request : limited(request, most)
  const bytes = Number(length)
  if (most > 0 && bytes > most) throw new TooLarge()
  if (bytes > kept || keeping + bytes > keptTogether) return request
  keeping += bytes
  response.once('close', () => (keeping -= bytes))
  return readAll(request)
}

export function hasBody(request: Request): boolean {
  const { headers } = request
  if (headers['content-length'] !== undefined) return headers['content-length'] !== '0'
  if (request.httpVersionMajor < 2) return headers['transfer-encoding'] !== undefined
  return !('stream' in request && request.stream.endAfterHeaders)
}

async function readAll(request: Request): Promise<Buffer> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) parts.push(part as Buffer)
  } catch (error) {
    throw new Incomplete('the client went away', { cause: error })
  }
  return Buffer.concat(parts)
}

export async function* limited(request: Request, most: number): AsyncIterable<Buffer> {
  let bytes = 0
  // What is left is not destroyed: the client is still to hear the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += (part as Buffer).length
    if (bytes > most) throw new TooLarge()
    yield part as Buffer
  }
}
