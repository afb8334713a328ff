import type { Request } from './answer.ts'

/** A body is longer than it may be. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/** The body of a request as it comes. @param most bytes @throws {TooLarge} */
export async function* limited(request: Request, most: number): AsyncIterable<Buffer> {
  let bytes = 0
  // What is left is not destroyed: the client is still to hear the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += (part as Buffer).length
    if (bytes > most) throw new TooLarge()
    yield part as Buffer
  }
}

/** Whether a request brings a body. */
export function hasBody(request: Request): boolean {
  const { headers } = request
  if (headers['content-length'] !== undefined) return headers['content-length'] !== '0'
  if (request.httpVersionMajor < 2) return headers['transfer-encoding'] !== undefined
  return !('stream' in request && request.stream.endAfterHeaders)
}
