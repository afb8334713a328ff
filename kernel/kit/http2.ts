import { constants, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2'

export interface SessionLimits {
  /** After this without anything moving, it ends with its last stream. */
  idleMs: number
  /** And after this in any case: streams that do not end do not keep it forever. */
  longestMs: number
}

/** Ends a session that is no longer used. */
export function endIdle(session: ServerHttp2Session, { idleMs, longestMs }: SessionLimits): void {
  session.setTimeout(idleMs, () => {
    session.close()
    session.setTimeout(longestMs, () => session.destroy())
  })
  session.once('close', () => endTimer(session))
}

/** Lets go of a session that has ended: Node's own timer, see `session.setTimeout`, keeps it until its time has come. */
function endTimer(session: ServerHttp2Session): void {
  const timer = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'timeout')
  if (timer !== undefined) clearTimeout(Reflect.get(session, timer) as NodeJS.Timeout)
}

/**
 * Resets a stream whose request is not complete in time, as Node does for HTTP/1.1. Once its response has begun, both
 * may last: a call of gRPC sends and receives for as long as it likes.
 */
export function expectBody({ stream }: Http2ServerRequest, ms: number): void {
  if (stream.endAfterHeaders) return
  const late = setTimeout(() => {
    if (!stream.headersSent) stream.close(constants.NGHTTP2_CANCEL)
  }, ms)
  for (const event of ['end', 'close']) stream.once(event, () => clearTimeout(late))
}

/**
 * Begins a request when what came with it is read: a client that opens streams only to reset them at once
 * (CVE-2023-44487) keeps nobody busy.
 */
export function unlessReset({ stream }: Http2ServerRequest, begin: () => void): void {
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) begin()
  })
}
