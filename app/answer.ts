import { STATUS_CODES } from 'node:http'
import type { Exchange, Response } from './forward.ts'

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

/** One JSON line about a request that did not go as it should. */
export function log(
  event: string,
  { request, pool, client, requestId }: Pick<Exchange, 'request' | 'pool' | 'client' | 'requestId'>,
  status: number,
  reason: string,
): void {
  const { method, url } = request
  const line = {
    time: new Date().toISOString(),
    level: 'warn',
    event,
    requestId,
    pool: pool.name,
    client,
    method,
    url,
    status,
    reason,
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
