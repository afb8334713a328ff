import type { BlockList, Socket } from 'node:net'
import { answer } from './answer.ts'
import type { Request } from './body.ts'
import type { BackendConfig, BalancerConfig } from './config.ts'
import { type Exchange, forward, type Passing, type Response } from './forward.ts'
import { backendHeaders, cookie, originOf, trustList } from './headers.ts'
import { watch } from './health.ts'
import { logRequest } from './log.ts'
import { milliseconds } from './milliseconds.ts'
import { type Member, Pool } from './pool.ts'
import { requestId } from './request-id.ts'
import { healthPath, router } from './router.ts'
import { settleTarget } from './target.ts'
import { passTcp } from './tcp.ts'
import type { Asking } from './upgrade.ts'

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

  /** Answers a request, of a client that may want another protocol. */
  request(request: Request, response: Response, scheme: Scheme, asking?: Asking): void {
    if (!settleTarget(request)) return refuse(request, response)
    if (request.url === healthPath) return this.tellHealth(response)
    const exchange = this.exchange(request, scheme)
    if (exchange === undefined) return answer(response, 404)
    const { limits, log, timeouts } = this.config
    const { bodyBytes } = limits
    const waits = { takeMs: milliseconds(timeouts.body), idleMs: milliseconds(timeouts.idle) }
    if (asking !== undefined) exchange.headers.push(...asking.headers)
    const whole: Exchange = { ...exchange, response, asking, bodyBytes, ...waits, bytes: 0 }
    if (log.requests === 'all') {
      const started = performance.now()
      response.once('close', () => logRequest(whole, started))
    }
    forward(whole).catch((error: unknown) => {
      process.emitWarning(error as Error)
      answer(response, 500)
    })
  }

  /** Answers whoever asks whether this machine is well. */
  tellHealth(response: Response): void {
    answer(response, this.draining ? 503 : 200)
  }

  /** Passes bytes on as they are. */
  tcp(client: Socket, name: string): void {
    const { connect, idle } = this.config.timeouts
    const pool = this.pools.get(name)
    if (pool !== undefined)
      passTcp(client, pool, { connectMs: milliseconds(connect), idleMs: milliseconds(idle) })
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

/** Refuses what can be read in two ways; nothing after it on its connection of HTTP/1.1 is read. */
export function refuse({ httpVersionMajor }: Request, response: Response): void {
  answer(response, 400, httpVersionMajor > 1 ? {} : { connection: 'close' })
}
