import { problemOf } from '#nodeos/certificates'
import { problemOfNetwork } from '#nodeos/clients'
import type { Contradiction } from '#nodeos/config'
import type { BalancerConfig } from './config.types.ts'

type Found = Generator<Contradiction, void>

/** What the schema cannot say: names that lead nowhere, files that are not there, ports twice, protocols that do not fit. */
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
    const at = `/listeners/${index}`
    if (protocol === 'https' && certificates.length === 0)
      yield { pointer: `${at}/certificates`, text: 'https needs a certificate and its key' }
    for (const [nth, references] of certificates.entries()) {
      const text = problemOf(references)
      if (text !== undefined) yield { pointer: `${at}/certificates/${nth}/certificate`, text }
    }
    if (protocol === 'tcp' && pool !== undefined) yield* leadsTo(config, pool, true, `${at}/pool`)
    else if (protocol === 'tcp') yield { pointer: `${at}/pool`, text: 'tcp needs the pool to connect to' }
    else if (pool !== undefined)
      yield { pointer: `${at}/pool`, text: `only tcp has a pool: ${protocol} has routes` }
  }
}

function* routes(config: BalancerConfig): Found {
  for (const [index, { pool }] of config.routes.entries())
    yield* leadsTo(config, pool, false, `/routes/${index}/pool`)
}

function* leadsTo({ pools }: BalancerConfig, name: string, isTcp: boolean, pointer: string): Found {
  const { protocol } = (Object.hasOwn(pools, name) && pools[name]) || {}
  const known = Object.keys(pools).join(', ') || 'none'
  if (protocol === undefined)
    yield { pointer, text: `there is no pool ${JSON.stringify(name)}; there is: ${known}` }
  else if ((protocol === 'tcp') !== isTcp)
    yield {
      pointer,
      text: `the pool ${name} speaks ${protocol}, which does not go with ${isTcp ? 'tcp' : 'http'}`,
    }
}

function* pools({ pools }: BalancerConfig): Found {
  for (const [name, { backends, protocol, health, sticky }] of Object.entries(pools)) {
    for (const [index, { address }] of backends.entries()) {
      const pointer = `/pools/${name}/backends/${index}/address`
      const port = Number(address.slice(address.lastIndexOf(':') + 1))
      if (port < 1 || port > 65_535) yield { pointer, text: `${port} is no port` }
      // Such as [1::2::3] or 256.0.0.1.
      else if (!URL.canParse(`http://${address}`)) yield { pointer, text: `${address} is no address` }
      else if (backends.findIndex((each) => each.address === address) < index)
        yield { pointer, text: `${address} is there twice` }
    }
    if (protocol === 'tcp' && health.kind === 'http')
      yield { pointer: `/pools/${name}/health/kind`, text: 'tcp backends are checked by tcp, or not at all' }
    if (health.kind === 'grpc' && protocol !== 'h2c' && protocol !== 'h2')
      yield { pointer: `/pools/${name}/health/kind`, text: 'grpc needs a pool whose protocol is h2c or h2' }
    if (protocol === 'tcp' && sticky !== undefined)
      yield { pointer: `/pools/${name}/sticky`, text: 'tcp connections carry no cookie' }
  }
}

function* networks({ trustedProxies }: BalancerConfig): Found {
  for (const [index, network] of trustedProxies.entries()) {
    const text = problemOfNetwork(network)
    if (text !== undefined) yield { pointer: `/trustedProxies/${index}`, text }
  }
}
