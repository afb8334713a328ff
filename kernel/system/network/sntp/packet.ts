/** SNTP packets (RFC 4330, RFC 5905). Times are milliseconds since 1970. */

/** What an answer says. */
export interface Answer {
  /** When the server got the question and when it answered. */
  receivedAt: number
  sentAt: number
  stratum: number
}

export const packetBytes = 48
const at = { stratum: 1, rootDelay: 4, rootDispersion: 8, origin: 24, receive: 32, transmit: 40 }
const [version, client, server] = [4, 3, 4]
const unsynchronised = 3
/** A server that is further than this from a reference clock is of no use. */
const mostDistanceMs = 1500

/** A question; the server sends `nonce` back, eight bytes, so that nobody who does not see it can answer. */
export function encodeQuestion(nonce: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(packetBytes)
  bytes.writeUInt8((version << 3) | client, 0)
  bytes.set(nonce, at.transmit)
  return bytes
}

/**
 * Reads an answer; undefined when it is none to the question with this nonce, or when the server itself
 * does not know the time.
 *
 * @param near a time within 68 years of the right one: NTP counts seconds modulo 2³²
 */
export function decodeAnswer(data: Uint8Array, nonce: Uint8Array, near: number): Answer | undefined {
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

/** The eight bytes of a time; for tests and servers. */
export function encodeTime(ms: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  const seconds = Math.floor(ms / 1e3)
  bytes.writeUInt32BE((seconds + epoch) % era, 0)
  bytes.writeUInt32BE(Math.floor((ms / 1e3 - seconds) * 2 ** 32), 4)
  return bytes
}
