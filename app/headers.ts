import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Names and values in turn, each name once: an object would have another shape for every client. */
export type Headers = (string | string[])[]

/** Of one connection only (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings'],
])
/** These, and what is said anew for the next hop. */
const saidAnew = new Set([
  ...hopByHop,
  'forwarded',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
])

/** Never of one connection, whatever it says: without these a message is another one. */
const essential = new Set(['host', 'content-length', 'content-type', 'content-encoding', 'content-range'])

/** What travels on to the next hop: nothing of this connection, no pseudo header of HTTP/2. */
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

/** Those of one connection that it names itself; nearly always there are none. */
function namedHeaders(connection: string | undefined): string[] | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return connection.toLowerCase().split(/\s*,\s*/)
}

/** What an IPv4 address begins with, written as one of IPv6. */
const mapped = '::ffff:'

/** The networks whose word on the client is taken; undefined when nobody's is. */
export function trustList(networks: readonly string[]): BlockList | undefined {
  if (networks.length === 0) return undefined
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}

/** Who a request comes from. */
export interface Origin {
  client: string
  protocol: 'http' | 'https'
  host: string
  /** The addresses that it came through, the client first. */
  chain: string[]
}

/** The client, as far as those who passed its request on are believed. */
export function originOf(
  headers: IncomingHttpHeaders,
  peer: { address: string; protocol: 'http' | 'https' },
  trusted: BlockList | undefined,
): Origin {
  const address = plain(peer.address)
  const host = headers.host ?? String(headers[':authority'] ?? '')
  if (!isTrusted(address, trusted)) {
    return { client: address, protocol: peer.protocol, host, chain: [address] }
  }
  const said = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map(hopOf)
  // What came before somebody without an address, nobody that is trusted has said.
  const chain = [...said.slice(said.lastIndexOf('') + 1), address]
  const client = chain.findLast((hop) => !isTrusted(hop, trusted)) ?? chain[0] ?? address
  const { 'x-forwarded-proto': proto } = headers
  const protocol = proto === 'https' || proto === 'http' ? proto : peer.protocol
  return { client, protocol, host: String(headers['x-forwarded-host'] ?? host), chain }
}

/** The address of 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80; empty when it has none. */
function hopOf(text: string): string {
  const [, inBrackets, beforePort] = /^\s*(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)\s*$/.exec(text) ?? []
  const address = plain(inBrackets ?? beforePort ?? text.trim())
  return isIP(address) > 0 ? address : ''
}

/** Headers for a backend: those of the client, and who it is. */
export function backendHeaders(headers: IncomingHttpHeaders, origin: Origin, requestId: string): Headers {
  const passed = endToEnd(headers, saidAnew)
  if (headers.host === undefined) passed.push('host', String(headers[':authority'] ?? origin.host))
  passed.push('x-forwarded-for', origin.chain.join(', '))
  passed.push('x-forwarded-proto', origin.protocol)
  passed.push('x-forwarded-host', origin.host)
  passed.push('x-real-ip', origin.client)
  passed.push('forwarded', forwarded(origin))
  passed.push('x-request-id', requestId)
  return passed
}

/** RFC 7239: what the client asked for is said by the first that it came to. */
function forwarded({ chain, protocol, host }: Origin): string {
  const [client = '', ...proxies] = chain.map((hop) => (hop.includes(':') ? `for="[${hop}]"` : `for=${hop}`))
  const first = `${client};proto=${protocol};host="${unquoted(host)}"`
  return proxies.length > 0 ? `${first}, ${proxies.join(', ')}` : first
}

/** A search for what is hardly ever there costs less than a replacement of it. */
function unquoted(text: string): string {
  return text.includes('"') || text.includes('\\') ? text.replaceAll(/["\\]/g, '') : text
}

export function isTrusted(address: string, trusted: BlockList | undefined): boolean {
  if (trusted === undefined) return false
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** IPv4 as IPv4, also on a socket that speaks both. */
export function plain(address: string): string {
  return address.startsWith(mapped) && address.includes('.') ? address.slice(mapped.length) : address
}

/** The value of a cookie. */
export function cookie(headers: IncomingHttpHeaders, name: string): string | undefined {
  const pair = headers.cookie?.split(/;\s*/).find((part) => part.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}
