import type { Address } from 'node:cluster'
import { channel } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { ServerHttp2Session } from 'node:http2'
import type { Server } from 'node:net'
import type { Place } from '../contract/probe.ts'

/** What clients can reach in this process. */
export interface Reachable {
  servers: ReadonlySet<Server>
  /** Of HTTP/2: they outlive their requests, and Node has no public list of them. */
  sessions: ReadonlySet<ServerHttp2Session>
}

/**
 * Follows which servers of this process listen, in the order in which they began to. Node announces them on a
 * diagnostics channel: nothing is wrapped, and a request costs nothing.
 *
 * @param onListening is called with the place of each
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

/** The place at which a cluster's worker listens; undefined for UDP. */
export function workerPlace({
  address,
  port,
  addressType,
}: Omit<Address, 'address'> & { address: string | null }): Place | undefined {
  if (addressType === pipe) return { path: address ?? '' }
  if (addressType !== 4 && addressType !== 6) return undefined
  // Node has null here when every address is meant.
  return { address: address ?? '::', port }
}

const listening = '0A'

/**
 * Addresses at which any process of the machine listens on a TCP port: a child process of the app is announced on
 * no channel of this one.
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

/** The kernel prints addresses as words of 32 bits, each in the byte order of the CPU, which is little-endian. */
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
