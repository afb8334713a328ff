/** IPv4 addresses as text and as unsigned 32-bit numbers. */

/** Parses an address such as `192.0.2.1`; undefined if it is invalid. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  let result = 0
  for (const part of match.slice(1)) {
    const byte = Number(part)
    if (byte > 255) return undefined
    result = result * 256 + byte
  }
  return result
}

export function formatIpv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}

/** Returns the network mask of a prefix length. */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0
}

/** Returns the prefix length of a mask; undefined if its bits are not contiguous. */
export function prefixOf(mask: number): number | undefined {
  const prefix = Math.clz32(~mask >>> 0)
  return maskOf(prefix) === mask >>> 0 ? prefix : undefined
}

/** Whether a machine can have the address: it is not 0/8, loopback, multicast, reserved or broadcast. */
export function isHostAddress(address: string): boolean {
  const number = parseIpv4(address)
  if (number === undefined) return false
  const first = number >>> 24
  return first !== 0 && first !== 127 && first < 224
}

/** Whether two addresses are in the same subnet. */
export function inSubnet(a: string, b: string, prefix: number): boolean {
  const [left, right, mask] = [parseIpv4(a), parseIpv4(b), maskOf(prefix)]
  return left !== undefined && right !== undefined && (left & mask) === (right & mask)
}

/** Returns the address with all bits after the prefix set to zero. */
export function networkOf(address: string, prefix: number): string {
  return formatIpv4(((parseIpv4(address) ?? 0) & maskOf(prefix)) >>> 0)
}

/** Returns the broadcast address of a subnet; undefined for subnets of one or two hosts. */
export function broadcastOf(address: string, prefix: number): string | undefined {
  if (prefix > 30) return undefined
  return formatIpv4(((parseIpv4(address) ?? 0) | ~maskOf(prefix)) >>> 0)
}
