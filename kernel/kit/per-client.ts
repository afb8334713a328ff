import { type BlockList, isIPv6, type Server, type Socket } from 'node:net'
import { isTrusted, plain } from './clients.ts'

/** Ends a client's connections beyond `most`, as soon as they come; 0 for no limit. Proxies that are trusted speak for many. */
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

/** Who an address belongs to: whoever has one of IPv6 has all of its network of 64 bits. */
export function clientOf(address: string): string {
  if (!isIPv6(address)) return address
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
