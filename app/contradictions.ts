import { isIP } from 'node:net'
import type { BalancerConfig } from './config.types.ts'

/** Where the configuration contradicts itself. */
export interface Contradiction {
  /** JSON pointer. */
  pointer: string
  text: string
}

/** What the schema cannot say: names that lead nowhere, ports twice, protocols that do not fit. */
export function contradictions(config: BalancerConfig): Contradiction[] {
  return [
    ...listeners(config),
    ...config.routes.flatMap(({ pool }, index) => poolOf(config, pool, 'http', `/routes/${index}/pool`)),
    ...Object.entries(config.pools).flatMap(([name, pool]) => backends(pool, `/pools/${name}`)),
    ...config.trustedProxies.flatMap((network, index) => cidr(network, `/trustedProxies/${index}`)),
  ]
}

function listeners(config: BalancerConfig): Contradiction[] {
  const seen = new Map<number, string>()
  const ports = [
    ...config.listeners.map(({ port }, index) => [port, `/listeners/${index}/port`] as const),
    ...(config.admin.port === undefined ? [] : [[config.admin.port, '/admin/port'] as const]),
  ]
  const twice = ports.flatMap(([port, pointer]) => {
    const first = seen.get(port)
    seen.set(port, first ?? pointer)
    return first === undefined ? [] : [{ pointer, text: `port ${port} is taken by ${first}` }]
  })
  const each = config.listeners.flatMap(({ protocol, pool, certificates }, index) => {
    const pointer = `/listeners/${index}`
    if (protocol === 'https' && certificates.length === 0)
      return [{ pointer: `${pointer}/certificates`, text: 'https needs a certificate and its key' }]
    if (protocol !== 'tcp')
      return pool === undefined
        ? []
        : [{ pointer: `${pointer}/pool`, text: `only tcp has a pool: ${protocol} has routes` }]
    if (pool === undefined) return [{ pointer: `${pointer}/pool`, text: 'tcp needs the pool to connect to' }]
    return poolOf(config, pool, 'tcp', `${pointer}/pool`)
  })
  return [...twice, ...each]
}

function poolOf(
  { pools }: BalancerConfig,
  name: string,
  kind: 'http' | 'tcp',
  pointer: string,
): Contradiction[] {
  const pool = Object.hasOwn(pools, name) ? pools[name] : undefined
  if (pool === undefined) {
    const names = Object.keys(pools).join(', ') || 'none'
    return [{ pointer, text: `there is no pool ${JSON.stringify(name)}; there is: ${names}` }]
  }
  if ((pool.protocol === 'tcp') === (kind === 'tcp')) return []
  return [{ pointer, text: `the pool ${name} speaks ${pool.protocol}, which does not go with ${kind}` }]
}

function backends(pool: BalancerConfig['pools'][string], pointer: string): Contradiction[] {
  const seen = new Set<string>()
  const found = pool.backends.flatMap(({ address }, index) => {
    const here = `${pointer}/backends/${index}/address`
    const port = Number(address.slice(address.lastIndexOf(':') + 1))
    if (port < 1 || port > 65_535) return [{ pointer: here, text: `${port} is no port` }]
    // Such as [1::2::3] or 256.0.0.1.
    if (!URL.canParse(`http://${address}`)) return [{ pointer: here, text: `${address} is no address` }]
    if (seen.has(address)) return [{ pointer: here, text: `${address} is there twice` }]
    seen.add(address)
    return []
  })
  if (pool.protocol !== 'tcp') return found
  if (pool.health.kind === 'http')
    found.push({ pointer: `${pointer}/health/kind`, text: 'tcp backends are checked by tcp, or not at all' })
  if (pool.sticky !== undefined)
    found.push({ pointer: `${pointer}/sticky`, text: 'tcp connections carry no cookie' })
  return found
}

function cidr(network: string, pointer: string): Contradiction[] {
  const [address = '', prefix] = network.split('/')
  const family = isIP(address)
  const longest = family === 6 ? 128 : 32
  if (family === 0) return [{ pointer, text: `${address} is no IP address` }]
  return prefix === undefined || Number(prefix) <= longest
    ? []
    : [{ pointer, text: `/${prefix} is longer than /${longest}` }]
}
