import { formatIpv4, networkOf, parseIpv4 } from '../ipv4.ts'
import type { RouteSetting } from '../settings.ts'

/** Option codes (RFC 2132 unless noted). */
export const code = {
  subnetMask: 1,
  router: 3,
  dns: 6,
  hostname: 12,
  domain: 15,
  mtu: 26,
  broadcast: 28,
  ntp: 42,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  server: 54,
  parameters: 55,
  maxSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  clientId: 61,
  /** RFC 3397 */
  search: 119,
  /** RFC 3442 */
  classlessRoutes: 121,
} as const

/** Values of option 53. */
export const messageType = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 } as const

type Options = ReadonlyMap<number, Uint8Array>

/** A number of one, two or four bytes; undefined when it is missing or of another size. */
export function numberOf(options: Options, option: number, size: 1 | 2 | 4): number | undefined {
  const value = options.get(option)
  if (value === undefined || value.length !== size) return undefined
  return value.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Reads IPv4 addresses; an incomplete one at the end is dropped. */
export function addressesOf(options: Options, option: number): string[] {
  const value = options.get(option) ?? new Uint8Array()
  return Array.from({ length: Math.floor(value.length / 4) }, (_, index) =>
    value.subarray(index * 4, index * 4 + 4).join('.'),
  )
}

/** A host or domain name that is safe to write into a file, without a dot at its end; undefined otherwise. */
export function nameOf(options: Options, option: number): string | undefined {
  const value = options.get(option)
  if (value === undefined) return undefined
  return cleanName(Buffer.from(value).toString('latin1').replace(/\0+$/, ''))
}

const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i

/** A name of labels of letters, digits, hyphens and underscores, at most 253 long; undefined for anything else. */
export function cleanName(text: string): string | undefined {
  const name = text.replace(/\.$/, '')
  return name.length <= 253 && name.split('.').every((part) => label.test(part)) ? name : undefined
}

/** Routes of option 121: prefix length, as many bytes of destination as it needs, router (0.0.0.0: on the link). */
export function classlessRoutes(options: Options): RouteSetting[] | undefined {
  const value = options.get(code.classlessRoutes)
  if (value === undefined) return undefined
  const routes: RouteSetting[] = []
  let offset = 0
  while (offset < value.length) {
    const prefix = value[offset] ?? 0
    if (prefix > 32) return undefined
    const significant = Math.ceil(prefix / 8)
    const routerAt = offset + 1 + significant
    if (routerAt + 4 > value.length) return undefined
    const bytes = [...value.subarray(offset + 1, routerAt), 0, 0, 0, 0].slice(0, 4)
    const gateway = value.subarray(routerAt, routerAt + 4).join('.')
    const destination = networkOf(bytes.join('.'), prefix)
    routes.push(gateway === '0.0.0.0' ? { destination, prefix } : { destination, prefix, gateway })
    offset = routerAt + 4
  }
  return routes
}

/** Domains of option 119: DNS names, possibly compressed by pointers within the option. */
export function searchDomains(options: Options): string[] {
  const value = options.get(code.search)
  if (value === undefined) return []
  const names: string[] = []
  let offset = 0
  while (offset < value.length) {
    const read = readDomain(value, offset)
    if (read === undefined) break
    const name = cleanName(read.name)
    if (name !== undefined) names.push(name)
    offset = read.next
  }
  return names
}

/** Reads one DNS name; a pointer may only lead backwards, so that reading ends. */
function readDomain(value: Uint8Array, start: number): { name: string; next: number } | undefined {
  const labels: string[] = []
  let [offset, floor] = [start, start]
  let next: number | undefined
  for (;;) {
    const length = value[offset]
    if (length === undefined) return undefined
    if (length === 0) return { name: labels.join('.'), next: next ?? offset + 1 }
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | (value[offset + 1] ?? 0xff)
      if (target >= floor) return undefined
      next ??= offset + 2
      offset = floor = target
    } else if (length < 64 && offset + length < value.length && labels.length < 128) {
      labels.push(Buffer.from(value.subarray(offset + 1, offset + 1 + length)).toString('latin1'))
      offset += length + 1
    } else return undefined
  }
}

/** Bytes of an option that holds an address. */
export function addressBytes(address: string): Uint8Array {
  const number = parseIpv4(address) ?? 0
  return Uint8Array.from(formatIpv4(number).split('.'), Number)
}
