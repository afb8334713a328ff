import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { NetworkConfig } from '../../contract/guest-config.ts'
import { guestPaths } from '../../contract/paths.ts'
import type { Link, Native } from '../../native/binding.ts'
import { type Clock, type ClockPaths, guestClocks } from '../clock.ts'
import type { Emit } from '../event.ts'
import { type Settings, unique } from './settings.ts'

/** Files of the network settings. */
export interface NetworkPaths {
  resolvConf: string
  hosts: string
  /** The lease, kept across restarts of Node but not of the machine. */
  lease: string
  /** Folder of the kernel's settings. */
  sysctl: string
  clocks: ClockPaths
}

export const networkPaths: NetworkPaths = {
  resolvConf: guestPaths.resolvConf,
  hosts: guestPaths.hosts,
  lease: guestPaths.lease,
  sysctl: '/proc/sys',
  clocks: guestClocks,
}

/** The state of the network. */
export interface NetworkState {
  mode: NetworkConfig['mode']
  hostname: string
  interface?: string
  /** IPv4 address and prefix length. */
  address?: string
  gateway?: string
  dns: readonly string[]
  ntp: readonly string[]
}

/** State that the parts of the network layer share. */
export interface Session {
  network: NetworkConfig
  native: Native
  emit: Emit
  clock: Clock
  /** The name until DHCP provides another. */
  hostname: string
  /** Whether DHCP may not replace the name. */
  hostnameFixed: boolean
  paths: NetworkPaths
  /** Milliseconds after which the app starts without an address. */
  deadlineMs: number
  link?: Link
  /** Current settings of the interface. */
  settings?: Settings | undefined
  state: NetworkState
}

/** Makes settings the current ones and writes the resolver's files; the interface is already set. */
export function publish(session: Session, settings: Settings | undefined): void {
  const { network, native, paths, link } = session
  const offered = settings?.hostname?.split('.')[0]
  const hostname = session.hostnameFixed || offered === undefined ? session.hostname : offered
  if (hostname !== session.state.hostname) native.setHostname(hostname)
  session.settings = settings
  session.state = {
    mode: network.mode,
    hostname,
    ...(link === undefined ? {} : { interface: link.name }),
    ...(settings === undefined ? {} : { address: `${settings.address}/${settings.prefix}` }),
    ...gatewayOf(settings),
    dns: settings?.dns ?? network.dns,
    ntp: settings?.ntp ?? network.ntp,
  }
  writeIfChanged(paths.resolvConf, resolvConf(session.state.dns, settings?.search ?? network.search))
  writeIfChanged(paths.hosts, hosts(hostname, settings?.address, network.ipv6 !== 'off'))
}

function gatewayOf(settings: Settings | undefined): { gateway?: string } {
  const gateway = settings?.routes.find(({ prefix }) => prefix === 0)?.gateway
  return gateway === undefined ? {} : { gateway }
}

/** Emits `network.up`, with the addresses of the machine. */
export function announce(session: Session, details: Record<string, unknown> = {}): void {
  const { interface: name, address, gateway, mode } = session.state
  session.emit('network', 'network.up', { interface: name, address, gateway, how: mode, ...details })
}

/** Emits a problem for each setting that failed. */
export function report(session: Session, problems: readonly string[]): void {
  for (const reason of problems) session.emit('network', 'network.problem', { reason })
}

/** Replaces a file atomically: a reader sees the old text or the new one. */
export function writeAtomically(path: string, text: string): void {
  const unfinished = `${path}.new`
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}

/** Writes a file unless it already has this text. */
export function writeIfChanged(path: string, text: string): void {
  if (readIfExists(path) !== text) writeAtomically(path, text)
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The C library reads no more. */
const mostServers = 3
const mostDomains = 6

/** Formats resolv.conf. */
export function resolvConf(dns: readonly string[], search: readonly string[]): string {
  const lines = unique(dns)
    .slice(0, mostServers)
    .map((server) => `nameserver ${server}\n`)
  const domains = unique(search).slice(0, mostDomains)
  if (domains.length > 0) lines.push(`search ${domains.join(' ')}\n`)
  return lines.join('')
}

/** Formats hosts: the machine resolves its own name, with or without an address. */
export function hosts(hostname: string, address: string | undefined, ipv6: boolean): string {
  const short = hostname.split('.')[0] ?? hostname
  const names = unique([hostname, short]).join(' ')
  return `127.0.0.1 localhost\n${ipv6 ? '::1 localhost\n' : ''}${address ?? '127.0.1.1'} ${names}\n`
}
