import { randomInt } from 'node:crypto'
import { createServer, type ListenOptions, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { withLock } from '../../config/lib/lock.ts'
import { isTaken } from './until.ts'

/**
 * Holds ports of this host that documents name, until the test ends: one test at a time. Every other test takes free
 * ports.
 */
export async function holdPorts(t: Pick<Test, 'teardown'>, ports: readonly number[]): Promise<void> {
  const [held, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const holding = withLock(
    join(tmpdir(), 'nodeos-documented-ports.lock'),
    { waiting: () => undefined },
    async () => {
      held.resolve()
      await ended.promise
    },
  )
  t.teardown(async () => {
    ended.resolve()
    await holding
  })
  await held.promise
  for (const port of ports) if (await isTaken(port)) throw new Error(`port ${port} of this host is in use`)
}

/** Below the ports that Linux gives to outgoing connections, which tests make by the thousands. */
const [firstPort, endPort] = [10_000, 32_000]

/**
 * Returns a port of this host that nothing listens on. No other test gets it while this process runs, since minutes may
 * pass on a busy host until something listens on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, endPort)
    if ((await canListen(port)) && (await reserves(port))) return port
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer()
  if (!(await listens(server, { port }))) return false
  await new Promise((resolve) => server.close(resolve))
  return true
}

/** Reserves a port by an abstract socket, whose name Linux frees when the process ends. Returns whether it is ours. */
async function reserves(port: number): Promise<boolean> {
  return listens(createServer().unref(), { path: `\0nodeos-test-port-${port}` })
}

function listens(server: Server, options: ListenOptions): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).listen(options, () => resolve(true))
  })
}
