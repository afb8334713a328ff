import type { Message } from './message.ts'
import { addressBytes, code, messageType } from './options.ts'

/** What a client says of itself in every message. */
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

export const everybody = '255.255.255.255'
const nobody = '0.0.0.0'

/** What we would like to be told; a server may order its answer by it. */
const wanted = [
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
  /** Our address, when it is in use: the server then answers to it. */
  ciaddr?: string
  requested?: string | undefined
  server?: string
  to?: string
}

/** Puts together one message of a client. */
export function request(identity: Identity, content: Content): Outgoing {
  const { type, xid, secs, ciaddr, requested, server, to = everybody } = content
  const options = new Map<number, Uint8Array>([
    [code.messageType, Uint8Array.of(type)],
    [code.clientId, Uint8Array.of(1, ...identity.mac)],
  ])
  if (requested !== undefined) options.set(code.requestedAddress, addressBytes(requested))
  if (server !== undefined) options.set(code.server, addressBytes(server))
  options.set(code.maxSize, Uint8Array.of(largestMessage >> 8, largestMessage & 255))
  options.set(code.hostname, Buffer.from(identity.hostname, 'latin1'))
  options.set(code.parameters, Uint8Array.from(wanted))
  const message: Message = {
    op: 1,
    xid,
    secs,
    // Our socket is an ordinary one: the kernel drops unicast to an address that it does not have yet.
    broadcast: ciaddr === undefined,
    ciaddr: ciaddr ?? nobody,
    yiaddr: nobody,
    chaddr: identity.mac,
    options,
  }
  return { message, to }
}

export function discover(identity: Identity, xid: number, secs: number, requested?: string): Outgoing {
  return request(identity, { type: messageType.discover, xid, secs, requested })
}
