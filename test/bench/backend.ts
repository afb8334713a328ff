import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How a guest reaches this host. */
const hostAddress = '10.0.2.2'

/** Bytes of the answers, by path. */
export const sizes = { small: 200, large: 65_536 } as const

/** A server that proxies pass requests on to. */
export interface TestBackend {
  /** As a guest reaches it. */
  address: string
  close(): void
}

export async function startBackend(): Promise<TestBackend> {
  const bodies = new Map(Object.entries(sizes).map(([name, bytes]) => [`/${name}`, 'x'.repeat(bytes)]))
  // It never ends a kept connection: which side does is not what is measured.
  const server = createServer({ keepAliveTimeout: 0 }, ({ url }, response) => {
    response.end(bodies.get(url ?? '') ?? 'ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `${hostAddress}:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
