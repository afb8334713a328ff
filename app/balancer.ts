import type { BlockList, Socket } from 'node:net'
import { sendStatus, type Request, type Response } from '#nodeos/response'
import { originOf, trustList } from '#nodeos/client-address'
import { milliseconds } from '#nodeos/duration'
import { requestId } from '#nodeos/request-id'
import { refuse, settleTarget } from '#nodeos/request-target'
import type { Asking } from '#nodeos/upgrade'
import type { Backend } from './backend.ts'
import type { BalancerConfig } from './config.ts'
import { type Exchange, logRequest } from './exchange.ts'
import { forward } from './forward.ts'
import { backendHeaders, cookie } from './headers.ts'
import { Pool } from './pool.ts'
import { passTcp } from './tcp.ts'

/** Path of the machine's own health check; it is not forwarded. */
export const healthPath = '/healthz'

type Scheme = 'http' | 'https'

/** Forwards requests from the listeners to the pools. */
export class Balancer {
  readonly config: BalancerConfig
  readonly pools = new Map<string, Pool>()
  /** Proxies whose forwarding headers are trusted. */
  readonly trusted: BlockList | undefined
  /** While it drains, its own health check fails, so that load balancers in front of it avoid it. */
  draining = false
  readonly #find: (host: string, path: string) => string | undefined

  constructor(config: BalancerConfig) {
    this.config = config
    for (const [name, pool] of Object.entries(config.pools))
      this.pools.set(name, new Pool(name, pool, config))
    this.#find = router(config.routes)
    this.trusted = trustList(config.trustedProxies)
  }

  /** The backends of all pools. */
  backends(): { pool: Pool; backend: Backend }[] {
    return [...this.pools.values()].flatMap((pool) =>
      Array.from(pool.backends.values(), (backend) => ({ pool, backend })),
    )
  }

  /** Handles a request, which may be an upgrade. */
  request(scheme: Scheme, request: Request, response: Response, asking?: Asking): void {
    if (!settleTarget(request)) return refuse(request, response)
    if (request.url === healthPath) return this.tellHealth(response)
    const exchange = this.#exchange(request, response, scheme, asking)
    if (exchange === undefined) return sendStatus(response, 404)
    if (this.config.log.requests === 'all') {
      const started = performance.now()
      response.once('close', () => logRequest(exchange, started))
    }
    forward(exchange).catch((error: unknown) => {
      process.emitWarning(error as Error)
      sendStatus(response, 500)
    })
  }

  /** Responds to a health check of this machine. */
  tellHealth(response: Response): void {
    sendStatus(response, this.draining ? 503 : 200)
  }

  /** Forwards a TCP connection to a pool. */
  tcp(client: Socket, name: string): void {
    const { connect, idle } = this.config.timeouts
    const pool = this.pools.get(name)
    if (pool !== undefined)
      passTcp(client, pool, { connectMs: milliseconds(connect), idleMs: milliseconds(idle) })
  }

  #exchange(
    request: Request,
    response: Response,
    protocol: Scheme,
    asking: Asking | undefined,
  ): Exchange | undefined {
    const { headers, socket, url = '/' } = request
    const { limits, timeouts } = this.config
    const pool = this.pools.get(this.#find(headers.host ?? String(headers[':authority'] ?? ''), url) ?? '')
    if (pool === undefined) return undefined
    const origin = originOf(headers, { address: socket.remoteAddress ?? '', protocol }, this.trusted)
    const id = requestId(origin.chain.length > 1 ? headers['x-request-id'] : undefined)
    const passed = backendHeaders(headers, origin, id)
    if (asking !== undefined) passed.push(...asking.headers)
    return {
      request,
      response,
      asking,
      pool,
      client: origin.client,
      headers: passed,
      requestId: id,
      bytes: 0,
      tag: pool.config.sticky === undefined ? undefined : cookie(headers, pool.config.sticky),
      bodyBytes: limits.bodyBytes,
      takeMs: milliseconds(timeouts.body),
      idleMs: milliseconds(timeouts.idle),
    }
  }
}

/**
 * Compiles the routes into a function that returns the pool of the first route that matches host and path.
 *
 * @returns undefined if no route matches
 */
export function router(routes: BalancerConfig['routes']): (host: string, path: string) => string | undefined {
  const compiled = routes.map(({ host, path, pool }) => ({
    pool,
    fitsHost: hostMatcher(host),
    path: path.replace(/\/$/, ''),
  }))
  const asksHost = routes.some(({ host }) => host !== undefined)
  return (host, path) => {
    const name = asksHost ? hostName(host) : ''
    return compiled.find((route) => route.fitsHost(name) && isBelow(path, route.path))?.pool
  }
}

function hostMatcher(host: string | undefined): (name: string) => boolean {
  if (host === undefined) return () => true
  if (!host.startsWith('*.')) return (name) => name === host
  const suffix = host.slice(1)
  return (name) => name.endsWith(suffix) && name.length > suffix.length
}

/** Removes the port and the final dot; converts to lower case. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()
}

/** Whether a path equals the prefix, or is below it. */
function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return next === undefined || next === '/' || next === '?'
}
