import { problemOf } from '#nodeos/certificates'
import { problemOfNetwork } from '#nodeos/client-address'
import { type Contradiction, keyOf } from '#nodeos/config'
import type { BalancerConfig } from '../config/app.types.ts'

type Found = Generator<Contradiction, void>

/** Finds errors that the schema cannot express: unknown pools, missing files, duplicate ports, mismatched protocols. */
export function contradictions(config: BalancerConfig): Contradiction[] {
  return [...ports(config), ...listeners(config), ...routes(config), ...pools(config), ...networks(config)]
}

function* ports({ listeners, admin }: BalancerConfig): Found {
  const taken = new Map<number, string>()
  const places = listeners.map(({ port }, index) => [`/listeners/${index}/port`, port] as const)
  for (const [pointer, port] of [...places, ['/admin/port', admin.port] as const]) {
    if (port === undefined) continue
    const first = taken.get(port)
    if (first === undefined) taken.set(port, keyOf(pointer))
    else yield { pointer, text: `port ${port} is already used by ${first}` }
  }
}

function* listeners(config: BalancerConfig): Found {
  for (const [index, { protocol, pool, certificates }] of config.listeners.entries()) {
    const at = `/listeners/${index}`
    if (protocol === 'https' && certificates.length === 0)
      yield { pointer: `${at}/certificates`, text: 'an https listener needs a certificate and its key' }
    for (const [nth, references] of certificates.entries()) {
      const text = problemOf(references)
      if (text !== undefined) yield { pointer: `${at}/certificates/${nth}/certificate`, text }
    }
    if (protocol === 'tcp' && pool !== undefined) yield* leadsTo(config, pool, true, `${at}/pool`)
    else if (protocol === 'tcp') yield { pointer: `${at}/pool`, text: 'a tcp listener needs a pool' }
    else if (pool !== undefined)
      yield {
        pointer: `${at}/pool`,
        text: `only tcp listeners have a pool; ${protocol} listeners use routes`,
      }
  }
}

function* routes(config: BalancerConfig): Found {
  for (const [index, { pool }] of config.routes.entries())
    yield* leadsTo(config, pool, false, `/routes/${index}/pool`)
}

function* leadsTo({ pools }: BalancerConfig, name: string, isTcp: boolean, pointer: string): Found {
  const { protocol } = (Object.hasOwn(pools, name) && pools[name]) || {}
  if (protocol === undefined)
    yield { pointer, text: `pool ${JSON.stringify(name)} does not exist; ${available(pools)}` }
  else if ((protocol === 'tcp') !== isTcp)
    yield {
      pointer,
      text: `pool ${name} has protocol ${protocol}; ${isTcp ? 'a tcp listener needs one with tcp' : 'routes need one with http, https, h2c or h2'}`,
    }
}

function available(pools: BalancerConfig['pools']): string {
  const names = Object.keys(pools)
  return names.length > 0 ? `use one of: ${names.join(', ')}` : 'add it to pools'
}

function* pools({ pools }: BalancerConfig): Found {
  for (const [name, { backends, protocol, health, sticky }] of Object.entries(pools)) {
    for (const [index, { address }] of backends.entries()) {
      const pointer = `/pools/${name}/backends/${index}/address`
      const port = Number(address.slice(address.lastIndexOf(':') + 1))
      if (port < 1 || port > 65_535) yield { pointer, text: `invalid port ${port}: use 1 to 65535` }
      // Such as [1::2::3] or 256.0.0.1.
      else if (!URL.canParse(`http://${address}`))
        yield { pointer, text: `invalid address ${address}: use host:port` }
      else if (backends.findIndex((each) => each.address === address) < index)
        yield { pointer, text: `duplicate address ${address}` }
    }
    if (protocol === 'tcp' && health.kind === 'http')
      yield { pointer: `/pools/${name}/health/kind`, text: 'a pool with protocol tcp supports tcp and none' }
    if (health.kind === 'grpc' && protocol !== 'h2c' && protocol !== 'h2')
      yield { pointer: `/pools/${name}/health/kind`, text: 'grpc needs a pool with protocol h2c or h2' }
    if (protocol === 'tcp' && sticky !== undefined)
      yield { pointer: `/pools/${name}/sticky`, text: 'sticky needs cookies, which tcp does not have' }
  }
}

function* networks({ trustedProxies }: BalancerConfig): Found {
  for (const [index, network] of trustedProxies.entries()) {
    const text = problemOfNetwork(network)
    if (text !== undefined) yield { pointer: `/trustedProxies/${index}`, text }
  }
}
