import type { Request } from './response.ts'

/** A request body exceeds its limit. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/** Yields the body of a request while it arrives. @param most bytes @throws {TooLarge} */
export async function* limited(request: Request, most: number): AsyncIterable<Buffer> {
  let bytes = 0
  // The rest is not destroyed: the client must still receive the response.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += (part as Buffer).length
    if (bytes > most) throw new TooLarge()
    yield part as Buffer
  }
}

/** Returns whether a request has a body. */
export function hasBody(request: Request): boolean {
  const { headers } = request
  if (headers['content-length'] !== undefined) return headers['content-length'] !== '0'
  if (request.httpVersionMajor < 2) return headers['transfer-encoding'] !== undefined
  return !('stream' in request && request.stream.endAfterHeaders)
}
