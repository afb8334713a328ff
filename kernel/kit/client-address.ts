import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Prefix of an IPv4 address that is written as an IPv6 address. */
const mapped = '::ffff:'

/** The networks that are trusted to name the client; undefined without any. */
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

/** Checks a network such as 192.0.2.0/24. @returns the problem, or undefined */
export function problemOfNetwork(network: string): string | undefined {
  const [address = '', prefix = '0'] = network.split('/')
  const longest = isIP(address) === 6 ? 128 : 32
  if (isIP(address) === 0) return `invalid IP address ${address}`
  return Number(prefix) > longest ? `invalid prefix length /${prefix}: at most /${longest}` : undefined
}

/** The origin of a request. */
export interface Origin {
  client: string
  protocol: 'http' | 'https'
  host: string
  /** The addresses that it passed through, the client first. */
  chain: string[]
}

/** Finds the client, as far as the proxies before this one are trusted. */
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
  // Entries before an invalid one do not come from a trusted proxy.
  const chain = [...said.slice(said.lastIndexOf('') + 1), address]
  const client = chain.findLast((hop) => !isTrusted(hop, trusted)) ?? chain[0] ?? address
  const { 'x-forwarded-proto': proto } = headers
  const protocol = proto === 'https' || proto === 'http' ? proto : peer.protocol
  return { client, protocol, host: String(headers['x-forwarded-host'] ?? host), chain }
}

/** Returns the address in 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80; empty if it is invalid. */
function hopOf(text: string): string {
  const [, inBrackets, beforePort] = /^\s*(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)\s*$/.exec(text) ?? []
  const address = plain(inBrackets ?? beforePort ?? text.trim())
  return isIP(address) > 0 ? address : ''
}

export function isTrusted(address: string, trusted: BlockList | undefined): boolean {
  if (trusted === undefined) return false
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Writes IPv4 addresses as IPv4, also those of a dual-stack socket. */
export function plain(address: string): string {
  return address.startsWith(mapped) && address.includes('.') ? address.slice(mapped.length) : address
}
