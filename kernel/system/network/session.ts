import { guestPaths } from '../../contract/paths.ts'
import type { NetworkConfig } from '../../contract/guest-config.ts'
import type { Link, Native } from '../../native/binding.ts'
import { type Clock, type ClockPaths, guestClocks } from '../clock.ts'
import type { Emit } from '../event.ts'
import { hosts, resolvConf, writeIfChanged } from './files.ts'
import type { Settings } from './settings.ts'

/** Files that the network settings are written to and read from. */
export interface NetworkPaths {
  resolvConf: string
  hosts: string
  /** Where the lease outlives a restart of Node, but not of the machine. */
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

/** How the machine stands on the network. */
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

/** What the parts of the network layer work with. */
export interface Session {
  network: NetworkConfig
  native: Native
  emit: Emit
  clock: Clock
  /** The name until DHCP gives another. */
  hostname: string
  /** Whether DHCP may give another. */
  hostnameFixed: boolean
  paths: NetworkPaths
  /** Milliseconds after which the app is started without an address. */
  deadlineMs: number
  link?: Link
  /** What is set on the interface now. */
  settings?: Settings | undefined
  state: NetworkState
}

/** Makes the given settings the current ones and tells the resolver; the interface has been set already. */
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

/** The `network.up` event: what the machine can be reached by. */
export function announce(session: Session, details: Record<string, unknown> = {}): void {
  const { interface: name, address, gateway, mode } = session.state
  session.emit('network', 'network.up', { interface: name, address, gateway, how: mode, ...details })
}

/** Tells of settings that could not be made; the machine runs on. */
export function report(session: Session, problems: readonly string[]): void {
  for (const reason of problems) session.emit('network', 'network.problem', { reason })
}
