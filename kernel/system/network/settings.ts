import type { NetworkConfig } from '../../contract/guest-config.ts'
import { broadcastOf } from './ipv4.ts'

/** A route; without a gateway, the destination is on the link. */
export interface RouteSetting {
  destination: string
  prefix: number
  gateway?: string
}

/** Settings of an interface and the resolver, from the configuration or from DHCP. */
export interface Settings {
  address: string
  prefix: number
  broadcast?: string
  /** Seconds until the address expires; without it, the address does not expire. */
  lifetime?: number
  mtu?: number
  routes: RouteSetting[]
  dns: string[]
  search: string[]
  ntp: string[]
  hostname?: string
}

/** Returns the settings of a static configuration, which has been checked: it has an address. */
export function staticSettings(network: NetworkConfig): Settings {
  const [address = '', prefix = ''] = (network.address ?? '').split('/')
  const broadcast = broadcastOf(address, Number(prefix))
  const { gateway } = network
  return withConfig(network, {
    address,
    prefix: Number(prefix),
    ...(broadcast === undefined ? {} : { broadcast }),
    routes: gateway === undefined ? [] : [{ destination: '0.0.0.0', prefix: 0, gateway }],
    dns: [],
    search: [],
    ntp: [],
  })
}

/** Adds the configuration: its servers come first, and its MTU overrides. */
export function withConfig(network: NetworkConfig, settings: Settings): Settings {
  return {
    ...settings,
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    dns: unique([...network.dns, ...settings.dns]),
    search: unique([...network.search, ...settings.search]),
    ntp: unique([...network.ntp, ...settings.ntp]),
  }
}

/** Returns the values without repetitions, in order. */
export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
