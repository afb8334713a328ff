/** A network interface. */
export interface Link {
  index: number
  name: string
  /** Hardware address, e.g. `52:54:00:12:34:56`; empty when the interface has none. */
  mac: string
  mtu: number
  /** Whether it was set up. */
  up: boolean
  /** Whether the other end of the wire is there. */
  carrier: boolean
  loopback: boolean
  ethernet: boolean
}

export interface LinkChange {
  up?: boolean
  /** Bytes, 68 to 65535. */
  mtu?: number
}

export interface Address {
  /** Of the interface. */
  index: number
  address: string
  prefix: number
  family: 4 | 6
}

export interface AddressOptions {
  /** IPv4 only. */
  broadcast?: string
  /** Seconds after which the kernel removes the address; for ever when left out. */
  validLifetime?: number
  /** Seconds after which no new connection starts from it; for ever when left out. */
  preferredLifetime?: number
}

/** A route as it is set. Without a gateway the destination is on the link. */
export interface RouteOptions {
  destination: string
  prefix: number
  /** Of the interface. */
  index: number
  gateway?: string
  /** Preferred source address; the route goes when it goes. */
  source?: string
  /** The gateway is on the link though no route says so. */
  onLink?: boolean
}

/** Names what passes bytes. */
export type Relay = object & { readonly relay: unique symbol }

/**
 * What Node cannot say to the kernel itself. Every function is synchronous. The kernel's refusals are
 * thrown as `Error` with `code` (e.g. `ENODEV`) and a message that names the operation; wrong arguments
 * as `TypeError` with code `ERR_INVALID_ARG_VALUE`.
 */
export interface Native {
  links(): Link[]
  linkSet(index: number, change: LinkChange): void
  addresses(): Address[]
  /** Adds the address, or renews its lifetimes when it is there already. */
  addressAdd(index: number, address: string, prefix: number, options?: AddressOptions): void
  addressDel(index: number, address: string, prefix: number): void
  routeReplace(route: RouteOptions): void
  routeDel(route: RouteOptions): void
  /** File descriptor of a UDP socket for the DHCP client port on one interface; the caller closes it. */
  dhcpSocket(index: number): number
  /**
   * Passes bytes between two connections until both have ended, or one is lost, or none has come for `idleMs`.
   * No other code may read or write them meanwhile; they are not closed.
   *
   * @param one file descriptor of a connection
   * @param head what was received of it already
   * @param onEnd called when it has ended, unless it was stopped
   */
  relay(
    one: number,
    head: Buffer | null,
    other: number,
    otherHead: Buffer | null,
    idleMs: number,
    onEnd: () => void,
  ): Relay
  relayStop(relay: Relay): void
  setHostname(name: string): void
  /** Sets the wall clock, in milliseconds since 1970. */
  clockSet(epochMs: number): void
  /** Lets the wall clock drift by this many milliseconds, at 0.5 ms a second, without a jump. */
  clockAdjust(offsetMs: number): void
  /** Reads the clock of a device such as /dev/ptp0, in milliseconds since 1970. */
  clockRead(path: string): number
}

/** Loads the binding from a file. Unlike `createRequire`, this costs nothing but the load itself. */
export function loadNative(path: string): Native {
  const module = { exports: {} }
  process.dlopen(module, path)
  return module.exports as Native
}
