import type { BlockList, Socket } from 'node:net'
import { answer } from './answer.ts'
import type { Request } from './body.ts'
import type { BackendConfig, BalancerConfig } from './config.ts'
import { type Exchange, forward, type Passing, type Response } from './forward.ts'
import { backendHeaders, cookie, originOf, trustList } from './headers.ts'
import { watch } from './health.ts'
import { logRequest } from './log.ts'
import { type Member, Pool } from './pool.ts'
import { requestId } from './request-id.ts'
import { healthPath, router } from './router.ts'
import { passTcp } from './tcp.ts'
import { type Asking, upgrade } from './upgrade.ts'

type Scheme = 'http' | 'https'

/** Takes requests from the listeners to the pools. */
export class Balancer {
  readonly config: BalancerConfig
  readonly pools: ReadonlyMap<string, Pool>
  /** The proxies whose word on the client is taken. */
  readonly trusted: BlockList | undefined
  /** While it drains it is not well: whoever stands in front of it goes elsewhere. */
  draining = false
  private readonly find: (host: string, path: string) => string | undefined

  constructor(config: BalancerConfig) {
    this.config = config
    this.pools = new Map(
      Object.entries(config.pools).map(([name, pool]) => [name, new Pool(name, pool, config.timeouts)]),
    )
    this.find = router(config.routes)
    this.trusted = trustList(config.trustedProxies)
    for (const { pool, member } of this.members()) void watch(member, pool)
  }

  /** The backends of all pools. */
  members(): { pool: Pool; member: Member }[] {
    return [...this.pools.values()].flatMap((pool) =>
      Array.from(pool.members.values(), (member) => ({ pool, member })),
    )
  }

  /** Answers a request. */
  request(request: Request, response: Response, scheme: Scheme): void {
    if (hosts(request) > 1) return answer(response, 400, { connection: 'close' })
    if (request.url === healthPath) return answer(response, this.draining ? 503 : 200)
    const exchange = this.exchange(request, scheme)
    if (exchange === undefined) return answer(response, 404)
    const { limits, log, timeouts } = this.config
    const bounds = { bodyBytes: limits.bodyBytes, takeMs: timeouts.body * 1000 }
    const whole: Exchange = { ...exchange, response, ...bounds, bytes: 0 }
    if (log.requests === 'all') {
      const started = performance.now()
      response.once('close', () => logRequest(whole, started))
    }
    forward(whole).catch((error: unknown) => {
      process.emitWarning(error as Error)
      answer(response, 500)
    })
  }

  /** Passes a client on that asks for another protocol. */
  upgrade(request: Request, asking: Asking, scheme: Scheme): void {
    const exchange = this.exchange(request, scheme)
    if (exchange === undefined) return answer(asking.response, 404)
    upgrade(exchange, asking, this.config.timeouts.idle * 1000)
  }

  /** Passes bytes on as they are. */
  tcp(client: Socket, name: string): void {
    const { connect, idle } = this.config.timeouts
    const pool = this.pools.get(name)
    if (pool !== undefined) passTcp(client, pool, { connectMs: connect * 1000, idleMs: idle * 1000 })
  }

  /** The backends that a pool shall have from now on; requests in flight go on where they are. */
  change(name: string, backends: readonly BackendConfig[]): void {
    const pool = this.pools.get(name)
    if (pool === undefined) return
    const wanted = new Set(backends.map(({ address }) => address))
    for (const address of pool.members.keys()) if (!wanted.has(address)) pool.remove(address)
    for (const { address, weight, draining } of backends) {
      const member = pool.members.get(address)
      if (member !== undefined) Object.assign(member, { weight, draining })
      else void watch(pool.add({ address, weight, draining }), pool)
    }
  }

  close(): void {
    for (const pool of this.pools.values()) pool.close()
  }

  private exchange(request: Request, protocol: Scheme): Passing | undefined {
    const { headers, socket } = request
    const origin = originOf(headers, { address: socket.remoteAddress ?? '', protocol }, this.trusted)
    const pool = this.pools.get(
      this.find(headers.host ?? String(headers[':authority'] ?? ''), request.url ?? '/') ?? '',
    )
    if (pool === undefined) return undefined
    const trusted = origin.chain.length > 1
    const id = requestId(trusted ? headers['x-request-id'] : undefined)
    return {
      request,
      pool,
      client: origin.client,
      headers: backendHeaders(headers, origin, id),
      requestId: id,
      tag: pool.config.sticky === undefined ? undefined : cookie(headers, pool.config.sticky),
    }
  }
}

/** Node takes the first of several; a backend may take the last. */
function hosts({ rawHeaders, httpVersionMajor }: Request): number {
  if (httpVersionMajor > 1) return 1
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') found += 1
  }
  return found
}
