import { isIP } from 'node:net'
import type { BalancerConfig } from './config.types.ts'

/** Where the configuration contradicts itself. */
export interface Contradiction {
  /** JSON pointer. */
  pointer: string
  text: string
}

type Found = Generator<Contradiction, void>

/** What the schema cannot say: names that lead nowhere, ports twice, protocols that do not fit. */
export function contradictions(config: BalancerConfig): Contradiction[] {
  return [...ports(config), ...listeners(config), ...routes(config), ...pools(config), ...networks(config)]
}

function* ports({ listeners, admin }: BalancerConfig): Found {
  const taken = new Map<number, string>()
  const places = listeners.map(({ port }, index) => [`/listeners/${index}/port`, port] as const)
  for (const [pointer, port] of [...places, ['/admin/port', admin.port] as const]) {
    if (port === undefined) continue
    const first = taken.get(port)
    if (first === undefined) taken.set(port, pointer)
    else yield { pointer, text: `port ${port} is taken by ${first}` }
  }
}

function* listeners(config: BalancerConfig): Found {
  for (const [index, { protocol, pool, certificates }] of config.listeners.entries()) {
    const pointer = `/listeners/${index}/pool`
    if (protocol === 'https' && certificates.length === 0)
      yield { pointer: `/listeners/${index}/certificates`, text: 'https needs a certificate and its key' }
    if (protocol === 'tcp' && pool === undefined) yield { pointer, text: 'tcp needs the pool to connect to' }
    else if (protocol === 'tcp') yield* leadsTo(config, pool, true, pointer)
    else if (pool !== undefined) yield { pointer, text: `only tcp has a pool: ${protocol} has routes` }
  }
}

function* routes(config: BalancerConfig): Found {
  for (const [index, { pool }] of config.routes.entries()) {
    yield* leadsTo(config, pool, false, `/routes/${index}/pool`)
  }
}

function* leadsTo({ pools }: BalancerConfig, name = '', isTcp: boolean, pointer: string): Found {
  const pool = Object.hasOwn(pools, name) ? pools[name] : undefined
  const names = Object.keys(pools).join(', ') || 'none'
  if (pool === undefined)
    yield { pointer, text: `there is no pool ${JSON.stringify(name)}; there is: ${names}` }
  else if ((pool.protocol === 'tcp') !== isTcp)
    yield {
      pointer,
      text: `the pool ${name} speaks ${pool.protocol}, which does not go with ${isTcp ? 'tcp' : 'http'}`,
    }
}

function* pools({ pools }: BalancerConfig): Found {
  for (const [name, { backends, protocol, health, sticky }] of Object.entries(pools)) {
    const seen = new Set<string>()
    for (const [index, { address }] of backends.entries()) {
      const pointer = `/pools/${name}/backends/${index}/address`
      const port = Number(address.slice(address.lastIndexOf(':') + 1))
      if (port < 1 || port > 65_535) yield { pointer, text: `${port} is no port` }
      // Such as [1::2::3] or 256.0.0.1.
      else if (!URL.canParse(`http://${address}`)) yield { pointer, text: `${address} is no address` }
      else if (seen.has(address)) yield { pointer, text: `${address} is there twice` }
      seen.add(address)
    }
    if (protocol === 'tcp' && health.kind === 'http')
      yield { pointer: `/pools/${name}/health/kind`, text: 'tcp backends are checked by tcp, or not at all' }
    if (protocol === 'tcp' && sticky !== undefined)
      yield { pointer: `/pools/${name}/sticky`, text: 'tcp connections carry no cookie' }
  }
}

function* networks({ trustedProxies }: BalancerConfig): Found {
  for (const [index, network] of trustedProxies.entries()) {
    const pointer = `/trustedProxies/${index}`
    const [address = '', prefix = '0'] = network.split('/')
    const longest = isIP(address) === 6 ? 128 : 32
    if (isIP(address) === 0) yield { pointer, text: `${address} is no IP address` }
    else if (Number(prefix) > longest) yield { pointer, text: `/${prefix} is longer than /${longest}` }
  }
}
