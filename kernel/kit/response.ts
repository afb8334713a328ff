import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

export type Request = IncomingMessage | Http2ServerRequest
/** A response of HTTP/1.1 or HTTP/2: Node gives both the same methods. */
export type Response = ServerResponse

/** Sends a plain-text response with a status. If another response has begun, it ends the connection instead. */
export function sendStatus(response: Response, status: number, headers: Record<string, string> = {}): void {
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
