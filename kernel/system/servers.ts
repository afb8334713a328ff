import type { Address } from 'node:cluster'
import { channel } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { ServerHttp2Session } from 'node:http2'
import type { Server } from 'node:net'
import type { Place } from '../contract/probe.ts'

/** Servers and sessions of this process. */
export interface Reachable {
  servers: ReadonlySet<Server>
  /** HTTP/2 sessions: they outlive their requests, and Node has no public list of them. */
  sessions: ReadonlySet<ServerHttp2Session>
}

/**
 * Tracks the listening servers of this process, in order. Node announces them on a diagnostics channel, so requests cost
 * nothing.
 *
 * @param onListening called with the place of each
 */
export function watchServers(onListening?: (place: Place) => void): Reachable {
  const servers = new Set<Server>()
  const sessions = new Set<ServerHttp2Session>()
  channel('tracing:net.server.listen:asyncEnd').subscribe((message) => {
    const { server } = message as { server?: Server }
    if (server === undefined || servers.has(server)) return
    servers.add(server)
    server.once('close', () => servers.delete(server))
    server.on('session', (session: ServerHttp2Session) => {
      sessions.add(session)
      session.once('close', () => sessions.delete(session))
    })
    const at = server.address()
    if (at !== null)
      onListening?.(typeof at === 'string' ? { path: at } : { address: at.address, port: at.port })
  })
  return { servers, sessions }
}

const pipe = -1

/** Returns the place at which a worker listens; undefined for UDP. */
export function workerPlace({
  address,
  port,
  addressType,
}: Omit<Address, 'address'> & { address: string | null }): Place | undefined {
  if (addressType === pipe) return { path: address ?? '' }
  if (addressType !== 4 && addressType !== 6) return undefined
  // null means every address.
  return { address: address ?? '::', port }
}

const listening = '0A'

/**
 * Returns the addresses at which any process of the machine listens on a TCP port, child processes of the app included.
 *
 * @param tables the kernel's lists of sockets
 */
export function listenersOn(port: number, tables = ['/proc/net/tcp', '/proc/net/tcp6']): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return tables.flatMap((table) =>
    lines(table)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === listening && local?.endsWith(suffix) === true)
      .map(([, local = '']) => addressOf(local.slice(0, -suffix.length))),
  )
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n')
  } catch {
    // A kernel without IPv6 has no tcp6.
    return []
  }
}

/** Parses an address as the kernel prints it: words of 32 bits, little-endian. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()])
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.every((byte) => byte === 0)) return '::'
  const groups = bytes.flatMap((byte, at) =>
    at % 2 === 0 ? [(byte * 256 + (bytes[at + 1] ?? 0)).toString(16)] : [],
  )
  const mapped = groups.slice(0, 6).join() === '0,0,0,0,0,ffff'
  if (mapped) return `::ffff:${bytes.slice(12).join('.')}`
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
