import { constants, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2'
import type { BalancerConfig } from './config.ts'
import { milliseconds } from './milliseconds.ts'

/** Resets a stream whose request is not whole in time, as Node does it for HTTP/1.1. */
export function expectBody({ stream }: Http2ServerRequest, ms: number): void {
  if (stream.endAfterHeaders) return
  const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ms)
  for (const event of ['end', 'close']) stream.once(event, () => clearTimeout(late))
}

/** A session on which nothing moves ends with its last stream; streams that do not end, do not keep it forever. */
export function endIdle(
  session: ServerHttp2Session,
  { keepAlive, request, response, body, idle }: BalancerConfig['timeouts'],
): void {
  session.setTimeout(milliseconds(keepAlive), () => {
    session.close()
    const longest = Math.max(keepAlive, request, response, body, idle)
    session.setTimeout(milliseconds(longest), () => session.destroy())
  })
}

/**
 * Begins a request when what came with it is read: a client that opens streams only to reset them at once
 * (CVE-2023-44487) keeps no backend busy.
 */
export function unlessReset({ stream }: Http2ServerRequest, begin: () => void): void {
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) begin()
  })
}
