import { formatIpv4, parseIpv4 } from '../ipv4.ts'
import { addressBytes, code, messageType } from './options.ts'

/** A DHCP message (RFC 2131), its options joined (RFC 3396) but not interpreted. */
export interface Message {
  /** 1 from a client, 2 from a server. */
  op: 1 | 2
  xid: number
  /** Seconds since the client began. */
  secs: number
  /** The client cannot receive unicast yet. */
  broadcast: boolean
  /** The client's address, if it has one. */
  ciaddr: string
  /** The address that the server gives. */
  yiaddr: string
  /** The client's Ethernet address, six bytes. */
  chaddr: Uint8Array
  options: Map<number, Uint8Array>
}

const at = {
  op: 0,
  htype: 1,
  hlen: 2,
  xid: 4,
  secs: 8,
  flags: 10,
  ciaddr: 12,
  yiaddr: 16,
  chaddr: 28,
  sname: 44,
  file: 108,
  cookie: 236,
  options: 240,
}
const cookie = 0x63825363
const broadcastFlag = 0x8000
const [pad, overload, end] = [0, 52, 255]
const macBytes = 6

/** BOOTP relays may drop shorter messages (RFC 1542, 2.1). */
const shortestMessage = 300

/** Encodes a message, with the options in the map's order. */
export function encode(message: Message): Uint8Array {
  const options = encodeOptions(message.options)
  const bytes = Buffer.alloc(Math.max(shortestMessage, at.options + options.length))
  bytes.writeUInt8(message.op, at.op)
  bytes.writeUInt8(1, at.htype)
  bytes.writeUInt8(macBytes, at.hlen)
  bytes.writeUInt32BE(message.xid, at.xid)
  bytes.writeUInt16BE(Math.min(message.secs, 0xffff), at.secs)
  bytes.writeUInt16BE(message.broadcast ? broadcastFlag : 0, at.flags)
  bytes.writeUInt32BE(parseIpv4(message.ciaddr) ?? 0, at.ciaddr)
  bytes.writeUInt32BE(parseIpv4(message.yiaddr) ?? 0, at.yiaddr)
  bytes.set(message.chaddr.subarray(0, macBytes), at.chaddr)
  bytes.writeUInt32BE(cookie, at.cookie)
  bytes.set(options, at.options)
  return bytes
}

/** Splits a long value into several options with the same code (RFC 3396). */
function encodeOptions(options: ReadonlyMap<number, Uint8Array>): number[] {
  const bytes: number[] = []
  for (const [code, value] of options) {
    let offset = 0
    do {
      const part = value.subarray(offset, offset + 255)
      bytes.push(code, part.length, ...part)
      offset += part.length
    } while (offset < value.length)
  }
  bytes.push(end)
  return bytes
}

/** Decodes a message; undefined if the bytes are not a complete DHCP message for Ethernet. */
export function decode(data: Uint8Array): Message | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (bytes.length < at.options || bytes.readUInt32BE(at.cookie) !== cookie) return undefined
  const op = bytes.readUInt8(at.op)
  if (op !== 1 && op !== 2) return undefined
  if (bytes.readUInt8(at.htype) !== 1 || bytes.readUInt8(at.hlen) !== macBytes) return undefined
  const options = decodeOptions(bytes)
  if (options === undefined) return undefined
  return {
    op,
    xid: bytes.readUInt32BE(at.xid),
    secs: bytes.readUInt16BE(at.secs),
    broadcast: (bytes.readUInt16BE(at.flags) & broadcastFlag) !== 0,
    ciaddr: addressAt(bytes, at.ciaddr),
    yiaddr: addressAt(bytes, at.yiaddr),
    chaddr: Uint8Array.from(bytes.subarray(at.chaddr, at.chaddr + macBytes)),
    options,
  }
}

function addressAt(bytes: Buffer, offset: number): string {
  return formatIpv4(bytes.readUInt32BE(offset))
}

/** Option 52 means that the fields for the file and the server name contain options too, in this order. */
function decodeOptions(bytes: Buffer): Map<number, Uint8Array> | undefined {
  const parts = new Map<number, Uint8Array[]>()
  if (!readOptions(bytes.subarray(at.options), parts)) return undefined
  const more = parts.get(overload)?.[0]?.[0] ?? 0
  if ((more & 1) !== 0 && !readOptions(bytes.subarray(at.file, at.cookie), parts)) return undefined
  if ((more & 2) !== 0 && !readOptions(bytes.subarray(at.sname, at.file), parts)) return undefined
  return new Map([...parts].map(([code, values]) => [code, Uint8Array.from(Buffer.concat(values))]))
}

/** Collects the options of one field; false if one of them exceeds it. */
function readOptions(field: Uint8Array, parts: Map<number, Uint8Array[]>): boolean {
  let offset = 0
  while (offset < field.length) {
    const code = field[offset++]
    if (code === undefined || code === end) return true
    if (code === pad) continue
    const length = field[offset++]
    if (length === undefined || offset + length > field.length) return false
    const value = field.subarray(offset, offset + length)
    offset += length
    const earlier = parts.get(code)
    if (earlier === undefined) parts.set(code, [value])
    else earlier.push(value)
  }
  return true
}

/** The identity of a client, in each of its messages. */
export interface Identity {
  /** Ethernet address, six bytes. */
  mac: Uint8Array
  hostname: string
}

/** A message and the address that it goes to. */
export interface Outgoing {
  message: Message
  to: string
}

export const broadcastAddress = '255.255.255.255'
const unspecified = '0.0.0.0'

/** Options that the client requests, in order of preference. */
const requestedOptions = [
  code.subnetMask,
  code.classlessRoutes,
  code.router,
  code.dns,
  code.hostname,
  code.domain,
  code.search,
  code.mtu,
  code.broadcast,
  code.ntp,
  code.leaseTime,
  code.renewalTime,
  code.rebindingTime,
]

/** Ethernet's 1500 bytes less the headers of IP and UDP. */
const largestMessage = 1472

interface Content {
  type: number
  xid: number
  secs: number
  /** The client's address, if it is in use: the server responds to it. */
  ciaddr?: string
  requested?: string | undefined
  server?: string
  to?: string
}

/** Creates a message of a client. */
export function request(identity: Identity, content: Content): Outgoing {
  const { type, xid, secs, ciaddr, requested, server, to = broadcastAddress } = content
  const options = new Map<number, Uint8Array>([
    [code.messageType, Uint8Array.of(type)],
    [code.clientId, Uint8Array.of(1, ...identity.mac)],
  ])
  if (requested !== undefined) options.set(code.requestedAddress, addressBytes(requested))
  if (server !== undefined) options.set(code.server, addressBytes(server))
  options.set(code.maxSize, Uint8Array.of(largestMessage >> 8, largestMessage & 255))
  options.set(code.hostname, Buffer.from(identity.hostname, 'latin1'))
  options.set(code.parameters, Uint8Array.from(requestedOptions))
  const message: Message = {
    op: 1,
    xid,
    secs,
    // Our socket is an ordinary one: the kernel drops unicast to an address that it does not have yet.
    broadcast: ciaddr === undefined,
    ciaddr: ciaddr ?? unspecified,
    yiaddr: unspecified,
    chaddr: identity.mac,
    options,
  }
  return { message, to }
}

export function discover(identity: Identity, xid: number, secs: number, requested?: string): Outgoing {
  return request(identity, { type: messageType.discover, xid, secs, requested })
}
