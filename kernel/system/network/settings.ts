import type { Lease } from './dhcp/lease.ts'
import { unique } from './files.ts'
import { broadcastOf } from './ipv4.ts'
import type { NetworkConfig } from '../../contract/guest-config.ts'
import type { Settings } from './types.ts'

/** What a static configuration sets. The configuration has been checked: it names an address. */
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

/** What a lease sets; `now` is the machine's clock in milliseconds. */
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

/** The configuration's own servers come first, and its MTU wins. */
function withConfig(network: NetworkConfig, settings: Settings): Settings {
  return {
    ...settings,
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    dns: unique([...network.dns, ...settings.dns]),
    search: unique([...network.search, ...settings.search]),
    ntp: unique([...network.ntp, ...settings.ntp]),
  }
}
