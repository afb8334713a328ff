import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

export type Request = IncomingMessage | Http2ServerRequest
/** One of HTTP/2 behaves as one of HTTP/1. */
export type Response = ServerResponse

/** Answers for itself, in plain text, where no backend does; too late for that, it ends the connection. */
export function answer(response: Response, status: number, headers: Record<string, string> = {}): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const text = `${STATUS_CODES[status]}\n`
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': String(text.length),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(text)
}
