/** SNTP (RFC 4330, RFC 5905): packets, a query, and keeping the clock right. Times are milliseconds since 1970. */
import type { Native } from '../../native/binding.ts'
import type { Clock } from '../clock.ts'
import type { Emit } from '../event.ts'

/** The content of a response. */
export interface Response {
  /** When the server received the query and when it responded. */
  receivedAt: number
  sentAt: number
  stratum: number
}

export const packetBytes = 48
const at = { stratum: 1, rootDelay: 4, rootDispersion: 8, origin: 24, receive: 32, transmit: 40 }
const [version, client, server] = [4, 3, 4]
const unsynchronised = 3
/** Longest distance of a server from its reference clock. */
const mostDistanceMs = 1500

/** Encodes a query. The server returns the nonce of eight bytes, so others cannot forge a response. */
export function encodeQuery(nonce: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(packetBytes)
  bytes.writeUInt8((version << 3) | client, 0)
  bytes.set(nonce, at.transmit)
  return bytes
}

/**
 * Decodes a response; undefined if it does not belong to the query with this nonce, or the server is not
 * synchronised.
 *
 * @param near a time within 68 years of the right one: NTP counts seconds modulo 2³²
 */
export function decodeResponse(data: Uint8Array, nonce: Uint8Array, near: number): Response | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (bytes.length < packetBytes) return undefined
  const first = bytes.readUInt8(0)
  if ((first & 7) !== server || first >> 6 === unsynchronised) return undefined
  if (Buffer.compare(bytes.subarray(at.origin, at.receive), nonce) !== 0) return undefined
  const stratum = bytes.readUInt8(at.stratum)
  if (stratum === 0 || stratum > 15) return undefined
  const distance = shortAt(bytes, at.rootDelay) / 2 + shortAt(bytes, at.rootDispersion)
  if (distance > mostDistanceMs || bytes.readBigUInt64BE(at.transmit) === 0n) return undefined
  const receivedAt = timeAt(bytes, at.receive, near)
  const sentAt = timeAt(bytes, at.transmit, near)
  return sentAt < receivedAt ? undefined : { receivedAt, sentAt, stratum }
}

/** A duration in 16.16 seconds, as milliseconds. */
function shortAt(bytes: Buffer, offset: number): number {
  return (bytes.readUInt32BE(offset) / 2 ** 16) * 1e3
}

/** Seconds from 1900 to 1970. */
const epoch = 2_208_988_800
const era = 2 ** 32

function timeAt(bytes: Buffer, offset: number, near: number): number {
  const seconds = bytes.readUInt32BE(offset) - epoch
  const eras = Math.round((near / 1e3 - seconds) / era)
  return (seconds + eras * era + bytes.readUInt32BE(offset + 4) / 2 ** 32) * 1e3
}

export interface QueryOptions {
  /** Milliseconds to wait for the response. */
  timeout: number
  port?: number
  /** Wall clock, milliseconds since 1970. */
  wall: () => number
  /** Monotonic clock, milliseconds. */
  now: () => number
  nonce: () => Uint8Array
}

export interface Reading {
  /** Milliseconds that the wall clock is behind the server's; negative when it is ahead. */
  offset: number
  /** Round-trip time in milliseconds: the offset is wrong by at most half of it. */
  delay: number
  stratum: number
}

const ntpPort = 123

/**
 * Queries one server for the time. Does not keep the process alive.
 *
 * @throws if no valid response arrives in time
 */
export async function querySntp(server: string, options: QueryOptions): Promise<Reading> {
  const { createSocket } = process.getBuiltinModule('node:dgram')
  const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4')
  socket.unref()
  try {
    return await new Promise<Reading>((resolve, reject) => {
      const nonce = options.nonce()
      const timeout = setTimeout(
        () => reject(new Error(`no valid response within ${options.timeout} ms`)),
        options.timeout,
      )
      timeout.unref()
      let sent = 0
      let wallSent = 0
      socket.on('error', reject)
      socket.on('message', (bytes) => {
        const delay = options.now() - sent
        const wallReceived = wallSent + delay
        const answer = decodeResponse(bytes, nonce, wallReceived)
        if (answer === undefined) return
        clearTimeout(timeout)
        resolve({
          offset: (answer.receivedAt - wallSent + (answer.sentAt - wallReceived)) / 2,
          delay: delay - (answer.sentAt - answer.receivedAt),
          stratum: answer.stratum,
        })
      })
      // On a connected socket, the kernel delivers datagrams of this server only.
      socket.connect(options.port ?? ntpPort, server, (error?: Error) => {
        if (error) return reject(error)
        sent = options.now()
        wallSent = options.wall()
        socket.send(encodeQuery(nonce), (error) => {
          if (error) reject(error)
        })
      })
    })
  } finally {
    socket.close()
  }
}

/** The clock is adjusted gradually up to this many milliseconds; beyond, it jumps. */
const mostDrift = 500
const hour = 3_600_000
const firstRetry = 16_000

export interface SyncOptions {
  /** Returns the servers to query in order, until one responds. */
  servers: () => readonly string[]
  query: (server: string) => Promise<Reading>
  native: Pick<Native, 'clockSet' | 'clockAdjust'>
  clock: Clock
  /** Wall clock, milliseconds since 1970. */
  wall: () => number
  emit: Emit
}

export interface TimeSync {
  stop: () => void
  /** Synchronises now instead of after the hour. */
  syncNow: () => void
}

/** Queries the servers at once, then hourly, and sets the wall clock. Does not keep the process alive. */
export function startTimeSync(options: SyncOptions): TimeSync {
  let stopped = false
  let cancel: (() => void) | undefined
  let failures = 0
  let last: boolean | undefined
  let running = false
  let again = false
  const round = async () => {
    running = true
    last = await synchronise(options, last)
    running = false
    failures = last ? 0 : failures + 1
    const wait = last ? hour : Math.min(firstRetry * 2 ** (failures - 1), hour)
    if (!stopped) cancel = options.clock.timer(again ? 0 : wait, () => void round())
    again = false
  }
  void round()
  return {
    stop() {
      stopped = true
      cancel?.()
    },
    syncNow() {
      again = running
      if (running || stopped) return
      cancel?.()
      void round()
    },
  }
}

/**
 * Returns whether a server responded; undefined without servers. Emits an event for each jump, and if the result
 * differs from the last one.
 */
async function synchronise(options: SyncOptions, last: boolean | undefined): Promise<boolean | undefined> {
  const { servers, query, native, wall, emit } = options
  const reasons: string[] = []
  for (const server of servers()) {
    try {
      const { offset, stratum } = await query(server)
      const jump = Math.abs(offset) > mostDrift
      if (jump) native.clockSet(wall() + offset)
      else native.clockAdjust(offset)
      if (jump || last !== true) {
        emit('network', 'time.synchronised', { server, stratum, offset_ms: Math.round(offset), jump })
      }
      return true
    } catch (error) {
      reasons.push(`${server}: ${(error as Error).message}`)
    }
  }
  if (reasons.length === 0) return undefined
  if (last !== false) emit('network', 'time.unknown', { reasons })
  return false
}
