import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hashText } from '../../build/pipeline/artefact.ts'

const againMs = 200

/**
 * Runs `body` while no other process of this host runs one for the same file or folder.
 * The lock is a socket without a file, so that it goes with its process, however that ends.
 *
 * @param waiting called once when another process has it
 */
export async function exclusively<T>(path: string, waiting: () => void, body: () => Promise<T>): Promise<T> {
  const name = `\0nodeos-${hashText(resolve(path)).slice(0, 32)}`
  let lock = await take(name)
  if (lock === undefined) waiting()
  for (; lock === undefined; lock = await take(name)) await wait(againMs)
  try {
    return await body()
  } finally {
    lock.close()
  }
}

async function take(name: string): Promise<Server | undefined> {
  const server = createServer().listen(name)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
}
