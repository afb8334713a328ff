import type { IncomingMessage } from 'node:http'
import { answer, type Request, type Response } from './answer.ts'

/**
 * Brings what a request is for into one form: a path, and the host in `Host` or `:authority`.
 *
 * @returns false when two servers could read it in two ways, or nobody can: `refuse` it
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

/** Refuses what can be read in two ways; nothing after it on its connection of HTTP/1.1 is read. */
export function refuse({ httpVersionMajor }: Request, response: Response): void {
  answer(response, 400, httpVersionMajor > 1 ? {} : { connection: 'close' })
}

/** What only proxies are sent, and every server has to take (RFC 9112, 3.2.2): its host counts, and no other. */
function settleAbsolute(request: IncomingMessage, url: string): boolean {
  const target = URL.parse(url)
  if (target === null || !/^https?:$/.test(target.protocol)) return false
  request.url = target.pathname + target.search
  request.headers.host = target.host
  return true
}

/** Node takes the first of several; a backend may take the last. */
function hosts({ rawHeaders }: Request): number {
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') found += 1
  }
  return found
}
