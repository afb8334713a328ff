import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { BalancerConfig } from './config.types.ts'
import { fileOf } from './references.ts'

/** Where the configuration contradicts itself. */
export interface Contradiction {
  /** JSON pointer. */
  pointer: string
  text: string
}

type Found = Generator<Contradiction, void>

/** What the schema cannot say: names that lead nowhere, files that are not there, ports twice, protocols that do not fit. */
export function contradictions(config: BalancerConfig): Contradiction[] {
  return [...ports(config), ...names(config), ...files(config), ...pools(config), ...networks(config)]
}

function* ports({ listeners, admin }: BalancerConfig): Found {
  const taken = new Map<number | undefined, string>()
  const places = listeners.map(({ port }, index) => [`/listeners/${index}/port`, port] as const)
  for (const [pointer, port] of [...places, ['/admin/port', admin.port] as const]) {
    const first = port && taken.get(port)
    if (first) yield { pointer, text: `port ${port} is taken by ${first}` }
    else taken.set(port, pointer)
  }
}

/** What listeners and routes lead to. */
function* names(config: BalancerConfig): Found {
  for (const [index, { protocol, pool, certificates }] of config.listeners.entries()) {
    const pointer = `/listeners/${index}/pool`
    if (protocol === 'https' && certificates.length === 0)
      yield { pointer: `/listeners/${index}/certificates`, text: 'https needs a certificate and its key' }
    if (protocol === 'tcp' && pool === undefined) yield { pointer, text: 'tcp needs the pool to connect to' }
    else if (protocol === 'tcp') yield* leadsTo(config, pool, 'tcp', pointer)
    else if (pool !== undefined) yield { pointer, text: `only tcp has a pool: ${protocol} has routes` }
  }
  for (const [index, { pool }] of config.routes.entries())
    yield* leadsTo(config, pool, 'http', `/routes/${index}/pool`)
}

/** Certificates that the image brings. */
function* files({ listeners }: BalancerConfig): Found {
  for (const [index, { certificates }] of listeners.entries()) {
    for (const [nth, { certificate }] of certificates.entries()) {
      const text = problemOf(certificate)
      if (text !== undefined) yield { pointer: `/listeners/${index}/certificates/${nth}/certificate`, text }
    }
  }
}

function problemOf(reference: string): string | undefined {
  const file = fileOf(reference)
  if (file === undefined) return undefined
  try {
    void new X509Certificate(readFileSync(file, 'utf8'))
    return undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file in the repository' : message
    return `${reference}: ${problem}; name a PEM file, or env:NAME for one that the machine is given`
  }
}

function* leadsTo({ pools }: BalancerConfig, name = '', kind: string, pointer: string): Found {
  const known = Object.keys(pools).join(', ') || 'none'
  const { protocol } = (Object.hasOwn(pools, name) && pools[name]) || {}
  if (protocol === undefined)
    yield { pointer, text: `there is no pool ${JSON.stringify(name)}; there is: ${known}` }
  else if ((protocol === 'tcp') !== (kind === 'tcp'))
    yield { pointer, text: `the pool ${name} speaks ${protocol}, which does not go with ${kind}` }
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
