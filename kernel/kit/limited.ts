import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

/** A body is longer than it may be. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/** The body of a request as it comes. @param most bytes @throws {TooLarge} */
export async function* limited(
  request: IncomingMessage | Http2ServerRequest,
  most: number,
): AsyncIterable<Buffer> {
  let bytes = 0
  // What is left is not destroyed: the client is still to hear the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += (part as Buffer).length
    if (bytes > most) throw new TooLarge()
    yield part as Buffer
  }
}
