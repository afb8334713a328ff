import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { NetworkConfig } from '../../../contract/guest-config.ts'
import { writeAtomically } from '../session.ts'
import { broadcastOf, isHostAddress, parseIpv4, prefixOf } from '../ipv4.ts'
import { type RouteSetting, type Settings, withConfig } from '../settings.ts'
import type { Message } from './message.ts'
import { addressesOf, classlessRoutes, code, nameOf, numberOf, searchDomains } from './options.ts'

/** An address that a server has granted. Times are milliseconds of the machine's clock. */
export interface Lease extends Settings {
  /** The server's address. */
  server: string
  /** When the server is asked to renew the lease (T1); Infinity for a lease that does not expire. */
  renewAt: number
  /** When any server is asked (T2). */
  rebindAt: number

  expiresAt: number
}

const forever = 0xffffffff
const smallestMtu = 576

/**
 * Reads the lease from an OFFER or ACK; undefined if it is incomplete.
 *
 * @param start when the request was sent that this answers
 * @param server used if the message has none
 */
export function leaseFrom(message: Message, start: number, server?: string): Lease | undefined {
  const { options, yiaddr: address } = message
  const seconds = numberOf(options, code.leaseTime, 4)
  const from = addressesOf(options, code.server)[0] ?? server
  if (!isHostAddress(address) || !seconds || from === undefined) return undefined
  const prefix = prefixFor(address, addressesOf(options, code.subnetMask)[0])
  if (prefix === undefined) return undefined

  const broadcast = addressesOf(options, code.broadcast)[0] ?? broadcastOf(address, prefix)
  const mtu = numberOf(options, code.mtu, 2)
  const hostname = nameOf(options, code.hostname)
  const domain = nameOf(options, code.domain)
  const search = searchDomains(options)
  return {
    address,
    prefix,
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(seconds === forever ? {} : { lifetime: seconds }),
    ...(mtu === undefined || mtu < smallestMtu ? {} : { mtu }),
    routes: routesFrom(options),
    dns: addressesOf(options, code.dns).filter(isServer),
    search: search.length > 0 ? search : domain ? [domain] : [],
    ntp: addressesOf(options, code.ntp).filter(isHostAddress),
    ...(hostname ? { hostname } : {}),
    server: from,
    ...timesFrom(message, seconds, start),
  }
}

/** Classless routes override the router option (RFC 3442). */
function routesFrom(options: Message['options']): RouteSetting[] {
  const routes = classlessRoutes(options)
  if (routes !== undefined && routes.length > 0) return routes
  const router = addressesOf(options, code.router).find(isHostAddress)
  return router === undefined ? [] : [{ destination: '0.0.0.0', prefix: 0, gateway: router }]
}

function timesFrom(
  { options }: Message,
  seconds: number,
  start: number,
): Pick<Lease, 'renewAt' | 'rebindAt' | 'expiresAt'> {
  if (seconds === forever) return { renewAt: Infinity, rebindAt: Infinity, expiresAt: Infinity }
  const renew = numberOf(options, code.renewalTime, 4) || seconds * 0.5
  const rebind = numberOf(options, code.rebindingTime, 4) || seconds * 0.875
  const sane = renew <= rebind && rebind <= seconds
  return {
    renewAt: start + (sane ? renew : seconds * 0.5) * 1e3,
    rebindAt: start + (sane ? rebind : seconds * 0.875) * 1e3,
    expiresAt: start + seconds * 1e3,
  }
}

/** Returns the prefix length of a mask; without a mask, of the address's class. */
function prefixFor(address: string, mask: string | undefined): number | undefined {
  if (mask !== undefined) return prefixOf(parseIpv4(mask) ?? 0) || undefined
  const first = (parseIpv4(address) ?? 0) >>> 24
  return first < 128 ? 8 : first < 192 ? 16 : 24
}

/** A name server may be on a loopback address, but not on an unspecified or broadcast address. */
function isServer(address: string): boolean {
  return isHostAddress(address) || address.startsWith('127.')
}

/** Returns the settings of a lease; `now` is the machine's clock in milliseconds. */
export function leaseSettings(network: NetworkConfig, lease: Lease, now: number): Settings {
  const {
    server: _server,
    renewAt: _renewAt,
    rebindAt: _rebindAt,
    expiresAt,
    lifetime: _,
    ...settings
  } = lease
  if (expiresAt === Infinity) return withConfig(network, settings)
  return withConfig(network, { ...settings, lifetime: Math.max(1, Math.ceil((expiresAt - now) / 1e3)) })
}

/** JSON has no Infinity, so a time that never comes is left out. */
interface Saved {
  version: 1
  mac: string
  lease: Omit<Lease, 'renewAt' | 'rebindAt' | 'expiresAt'> &
    Partial<Record<'renewAt' | 'rebindAt' | 'expiresAt', number>>
}

/** Saves a lease for the next process. The file must not outlive the machine's boot. */
export function saveLease(path: string, mac: string, lease: Lease): void {
  mkdirSync(dirname(path), { recursive: true })
  const finite = Object.fromEntries(Object.entries(lease).filter(([, value]) => value !== Infinity))
  writeAtomically(path, JSON.stringify({ version: 1, mac, lease: finite }))
}

/** Reads the lease that an earlier process saved for this interface, if it is valid. */
export function loadLease(path: string, mac: string): Lease | undefined {
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as Saved
    if (saved.version !== 1 || saved.mac !== mac) return undefined
    return { renewAt: Infinity, rebindAt: Infinity, expiresAt: Infinity, ...saved.lease }
  } catch {
    return undefined
  }
}

export function forgetLease(path: string): void {
  rmSync(path, { force: true })
}
