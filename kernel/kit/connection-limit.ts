import { type BlockList, isIPv6, type Server, type Socket } from 'node:net'
import { isTrusted, plain } from './client-address.ts'

/** Closes connections of a client beyond `most`; 0 for no limit. Trusted proxies are exempt: they have many clients. */
export function limitPerClient(
  server: Pick<Server, 'prependListener'>,
  most: number,
  trusted: BlockList | undefined,
): void {
  if (most === 0) return
  const open = new Map<string, number>()
  server.prependListener('connection', (socket: Socket) => {
    const address = plain(socket.remoteAddress ?? '')
    if (isTrusted(address, trusted)) return
    const client = clientOf(address)
    const count = open.get(client) ?? 0
    if (count >= most) {
      socket.destroy()
      return
    }
    open.set(client, count + 1)
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1
      if (left > 0) open.set(client, left)
      else open.delete(client)
    })
  })
}

/** Returns the key of a client: its IPv4 address, or its IPv6 network of 64 bits. */
export function clientOf(address: string): string {
  if (!isIPv6(address)) return address
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
