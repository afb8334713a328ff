import type { IncomingMessage } from 'node:http'
import { sendStatus, type Request, type Response } from './response.ts'

/**
 * Normalises the target of a request: a path in `url`, and the host in `Host` or `:authority`.
 *
 * @returns false if it is invalid, or two servers could interpret it differently: then `refuse` it
 */
export function settleTarget(request: Request): boolean {
  if (request.httpVersionMajor > 1) {
    const { host, ':authority': authority } = request.headers
    if (host === undefined || authority === undefined) return true
    return host.toLowerCase() === String(authority).toLowerCase()
  }
  if (hosts(request) > 1) return false
  const { url = '' } = request
  return url.startsWith('/') || url === '*' || settleAbsolute(request as IncomingMessage, url)
}

/** Rejects an ambiguous request with status 400. An HTTP/1.1 connection is closed: what follows is not read. */
export function refuse({ httpVersionMajor }: Request, response: Response): void {
  sendStatus(response, 400, httpVersionMajor > 1 ? {} : { connection: 'close' })
}

/** Handles an absolute URL, which every server must accept (RFC 9112, 3.2.2). Its host overrides `Host`. */
function settleAbsolute(request: IncomingMessage, url: string): boolean {
  const target = URL.parse(url)
  if (target === null || !/^https?:$/.test(target.protocol)) return false
  request.url = target.pathname + target.search
  request.headers.host = target.host
  return true
}

/** Counts Host headers: Node uses the first one, a backend may use the last. */
function hosts({ rawHeaders }: Request): number {
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') found += 1
  }
  return found
}
