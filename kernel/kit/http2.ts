import { constants, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2'

export interface SessionLimits {
  /** After this time without traffic, it ends with its last stream. */
  idleMs: number
  /** And then after this time in any case, even if streams are open. */
  longestMs: number
}

/** Ends an idle session. */
export function endIdle(session: ServerHttp2Session, { idleMs, longestMs }: SessionLimits): void {
  session.setTimeout(idleMs, () => {
    session.close()
    session.setTimeout(longestMs, () => session.destroy())
  })
  session.once('close', () => endTimer(session))
}

/** Clears the timer of a session that has ended: it would keep the session in memory. */
function endTimer(session: ServerHttp2Session): void {
  const timer = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'timeout')
  if (timer !== undefined) clearTimeout(Reflect.get(session, timer) as NodeJS.Timeout)
}

/**
 * Resets a stream whose request is not complete in time, as Node does for HTTP/1.1. Once its response has begun, both
 * may last: a gRPC call can stream in both directions for any time.
 */
export function expectBody({ stream }: Http2ServerRequest, ms: number): void {
  if (stream.endAfterHeaders) return
  const late = setTimeout(() => {
    if (!stream.headersSent) stream.close(constants.NGHTTP2_CANCEL)
  }, ms)
  for (const event of ['end', 'close']) stream.once(event, () => clearTimeout(late))
}

/**
 * Begins a request after the frames that arrived with it have been read. So streams that are opened only to be reset at
 * once (CVE-2023-44487) cause no work.
 */
export function unlessReset({ stream }: Http2ServerRequest, begin: () => void): void {
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) begin()
  })
}
