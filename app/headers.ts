import type { IncomingHttpHeaders } from 'node:http'
import type { Request } from '#nodeos/response'
import type { Origin } from '#nodeos/client-address'

/** Names and values alternate, each name once: an object would have another shape for every client. */
export type Headers = (string | string[])[]

/** Headers of one connection only (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings'],
])
/** Hop-by-hop headers, and headers that the balancer replaces. */
const saidAnew = new Set([
  ...[...hopByHop, 'forwarded', 'x-request-id', 'x-real-ip'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
])
/** Never hop-by-hop, even if `Connection` names them: without these a message changes its meaning. */
const essential = new Set(['host', 'content-length', 'content-type', 'content-encoding', 'content-range'])

/** Returns the headers for the next hop: no hop-by-hop headers, no pseudo-headers of HTTP/2. */
export function endToEnd(headers: IncomingHttpHeaders, left = hopByHop): Headers {
  const named = namedHeaders(headers.connection)
  const passed: Headers = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined || left.has(name) || name.startsWith(':')) continue
    if (named !== undefined && named.includes(name) && !essential.has(name)) continue
    passed.push(name, value)
  }
  return passed
}

/** Returns the headers that `Connection` names; it usually names none. */
function namedHeaders(connection: string | undefined): string[] | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return connection.toLowerCase().split(/\s*,\s*/)
}

/** Returns the headers of a response for the client. */
export function responseHeaders(received: IncomingHttpHeaders, status = 200, request?: Request): Headers {
  const headers = endToEnd(received)
  if (status === 204 || status === 205) remove(headers, 'content-length')
  if (status === 205) headers.push('content-length', '0')
  // Names the protocol that the backend requires (RFC 9110, 15.5.22); HTTP/2 has no upgrades.
  if (status === 426 && received.upgrade !== undefined && request?.httpVersionMajor === 1)
    headers.push('upgrade', received.upgrade, 'connection', 'upgrade, close')
  const { trailer } = received
  // Only responses that can have trailers may announce them: Node rejects the header elsewhere.
  if (trailer !== undefined && request !== undefined && mayHaveTrailers(received, status, request))
    headers.push('trailer', trailer)
  return headers
}

function mayHaveTrailers(received: IncomingHttpHeaders, status: number, request: Request): boolean {
  if (request.httpVersionMajor > 1) return true
  const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304
  return hasBody && request.httpVersion === '1.1' && received['content-length'] === undefined
}

function remove(headers: Headers, name: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2)
    if (headers[index] === name) headers.splice(index, 2)
}

/** Returns the trailers that may be passed on: none that would change the message (RFC 9110, 6.5.1). */
export function trailersOf(received: IncomingHttpHeaders): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(received))
    if (value !== undefined && !hopByHop.has(name) && !essential.has(name) && !name.startsWith(':'))
      passed[name] = value
  return passed
}

/** Returns the headers for a backend: those of the client, and its address. */
export function backendHeaders(headers: IncomingHttpHeaders, origin: Origin, requestId: string): Headers {
  const passed = endToEnd(headers, saidAnew)
  // Trailers are passed on: a backend may rely on them if the client does.
  if (headers.te !== undefined && /\btrailers\b/i.test(String(headers.te))) passed.push('te', 'trailers')
  if (headers.trailer !== undefined) passed.push('trailer', headers.trailer)
  if (headers.host === undefined) passed.push('host', String(headers[':authority'] ?? origin.host))
  passed.push('x-forwarded-for', origin.chain.join(', '))
  passed.push('x-forwarded-proto', origin.protocol)
  passed.push('x-forwarded-host', origin.host)
  passed.push('x-real-ip', origin.client)
  passed.push('forwarded', forwarded(origin))
  passed.push('x-request-id', requestId)
  return passed
}

/** Writes Forwarded (RFC 7239): protocol and host belong to the first hop. */
function forwarded({ chain, protocol, host }: Origin): string {
  const [client = '', ...proxies] = chain.map((hop) => (hop.includes(':') ? `for="[${hop}]"` : `for=${hop}`))
  const first = `${client};proto=${protocol};host="${unquoted(host)}"`
  return proxies.length > 0 ? `${first}, ${proxies.join(', ')}` : first
}

/** Removes quotes and backslashes. Searching first is cheaper, as they are rare. */
function unquoted(text: string): string {
  return text.includes('"') || text.includes('\\') ? text.replaceAll(/["\\]/g, '') : text
}

/** Returns the value of a cookie. */
export function cookie(headers: IncomingHttpHeaders, name: string): string | undefined {
  const pair = headers.cookie?.split(/;\s*/).find((part) => part.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}
