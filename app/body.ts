import { buffer } from 'node:stream/consumers'
import type { Request, Response } from '#nodeos/response'
import { limited, TooLarge } from '#nodeos/body'

/** Body of a request: null without one, bytes if it is short enough to be sent again, else a stream. */
export type Body = null | Buffer | Request | AsyncIterable<Buffer>

/** The client disconnected before its request was complete. */
export class Incomplete extends Error {
  override name = 'Incomplete'
}

/** Bodies up to this size are kept until the response begins. */
const kept = 65_536
/** Limit for all bodies that are kept; the rest is streamed. */
const keptTogether = 16 * 2 ** 20
let keeping = 0

/**
 * Prepares the body of a request for one or more attempts.
 *
 * @param most bytes; 0 for no limit
 * @param isStreamed whether to stream even a short body
 * @throws {TooLarge | Incomplete}
 */
export async function bodyOf(
  request: Request,
  response: Response,
  most: number,
  isStreamed: boolean,
): Promise<Body> {
  const { 'content-length': length } = request.headers
  const bytes = length === undefined ? Infinity : Number(length)
  if (length !== undefined && most > 0 && bytes > most) throw new TooLarge()
  if (isStreamed) return new Replayable(request, response, most)
  if (length === undefined) return most === 0 ? request : limited(request, most)
  if (bytes > kept || keeping + bytes > keptTogether) return request
  keeping += bytes
  response.once('close', () => (keeping -= bytes))
  try {
    return await buffer(request)
  } catch (error) {
    throw new Incomplete('the client disconnected', { cause: error })
  }
}

/** Whether a request with this body can be sent again. */
export function isReplayable(body: Body): boolean {
  return body === null || Buffer.isBuffer(body) || (body instanceof Replayable && body.isWhole)
}

/** Drops what is kept of a body: its request will not be sent again. */
export function release(body: Body): void {
  if (body instanceof Replayable) body.drop()
}

/** A body that is streamed; as long as it is short, it can be sent again from its beginning. */
class Replayable implements AsyncIterable<Buffer> {
  /** Whether all parts that arrived are still kept. */
  isWhole = true
  readonly #request: Request
  readonly #source: AsyncIterator<Buffer>
  #parts: Buffer[] = []
  /** Number of parts that were dropped from the beginning. */
  #dropped = 0
  #bytes = 0
  #ended = false
  #reading: Promise<void> | undefined

  constructor(request: Request, response: Response, most: number) {
    this.#request = request
    this.#source = limited(request, most === 0 ? Infinity : most)[Symbol.asyncIterator]()
    response.once('close', () => this.drop())
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let next = 0; ; next += 1) {
      // An earlier attempt may still wait for a part: both receive it.
      while (next >= this.#dropped + this.#parts.length && !this.#ended)
        await (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)))
      const part = this.#parts[next - this.#dropped]
      if (part === undefined) return
      yield part
      if (!this.isWhole) this.#forget(next)
    }
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#source.next().catch((error: unknown) => {
      throw error instanceof TooLarge ? error : new Incomplete('the client disconnected', { cause: error })
    })
    if (done === true) {
      if (wasAborted(this.#request)) throw new Incomplete('the client disconnected')
      this.#ended = true
      return
    }
    this.#parts.push(value)
    if (!this.isWhole) return
    this.#bytes += value.length
    keeping += value.length
    if (this.#bytes > kept || keeping > keptTogether) this.drop()
  }

  /** Drops the parts: the body cannot be sent again. */
  drop(): void {
    if (!this.isWhole) return
    this.isWhole = false
    keeping -= this.#bytes
  }

  /** Drops the parts up to one that has been sent. */
  #forget(last: number): void {
    this.#parts.splice(0, last + 1 - this.#dropped)
    this.#dropped = last + 1
  }
}

/** Whether a client disconnected, or reset its stream, before its request was complete. */
function wasAborted(request: Request): boolean {
  return 'stream' in request ? request.stream.aborted || request.stream.rstCode !== 0 : !request.complete
}
