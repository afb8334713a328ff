import { createServer as createHttp, IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer, type Http2ServerResponse } from 'node:http2'
import { createServer as createTcp, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import { type Balancer, refuse } from './balancer.ts'
import type { Request } from './body.ts'
import { Certificates, minVersion, readPairs } from './certificates.ts'
import type { BalancerConfig, ListenerConfig } from './config.ts'
import { endIdle, expectBody, unlessReset } from './http2.ts'
import { milliseconds } from './milliseconds.ts'
import { limitPerClient } from './per-client.ts'
import { inTurn, openRequests } from './pipelining.ts'
import { healthPath } from './router.ts'
import { endTimer } from './session-timer.ts'
import { settleTarget } from './target.ts'
import { askingHttp1, askingHttp2, isUpgrade } from './upgrade.ts'

/** A server that takes connections. */
export interface Listener {
  port: number
  server: Server | Http2SecureServer
  certificates?: Certificates
}

/** Starts what a listener's configuration describes. */
export function listen(config: ListenerConfig, balancer: Balancer, env: NodeJS.ProcessEnv): Listener {
  const listener = create(config, balancer, env)
  const { connections, connectionsPerClient } = balancer.config.limits
  listener.server.maxConnections = connections
  limitPerClient(listener.server, connectionsPerClient, balancer.trusted)
  listener.server.listen(config.port)
  return listener
}

function create(config: ListenerConfig, balancer: Balancer, env: NodeJS.ProcessEnv): Listener {
  const { port, protocol, pool = '', redirectPort } = config
  switch (protocol) {
    case 'tcp':
      return { port, server: tcpServer(balancer, pool) }
    case 'https':
      return { port, ...httpsServer(config, balancer, env) }
    case 'redirect':
      return { port, server: redirectServer(balancer, redirectPort) }
    default:
      return { port, server: httpServer(balancer) }
  }
}

function tcpServer(balancer: Balancer, pool: string): Server {
  return createTcp({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => client.destroy())
    balancer.tcp(client, pool)
  })
}

/** A slow or broken client ends by these, not by patience. */
function httpOptions({ limits, timeouts }: BalancerConfig) {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: milliseconds(timeouts.headers),
    requestTimeout: milliseconds(Math.max(timeouts.request, timeouts.headers)),
    keepAliveTimeout: milliseconds(timeouts.keepAlive),
    connectionsCheckingInterval: 1000,
  }
}

/** What Node takes as properties of a server only. */
function httpProperties({ limits }: BalancerConfig) {
  return { maxRequestsPerSocket: limits.requestsPerConnection, shouldUpgradeCallback: isUpgrade }
}

function httpServer(balancer: Balancer): Server {
  const server = createHttp(httpOptions(balancer.config), (request, response) =>
    inTurn(request, response, () => balancer.request(request, response, 'http')),
  )
  server.on('upgrade', (request, socket, head) => {
    const asking = askingHttp1(request, socket, head)
    balancer.request(request, asking.response, 'http', asking)
  })
  return Object.assign(server, httpProperties(balancer.config))
}

function redirectServer(balancer: Balancer, port: number): Server {
  const redirect = (request: IncomingMessage, response: ServerResponse): void => {
    if (!settleTarget(request)) return refuse(request, response)
    const { url = '', headers } = request
    if (url === healthPath) return balancer.tellHealth(response)
    const host = URL.parse(`http://${headers.host ?? ''}`)?.hostname
    if (host === undefined || !url.startsWith('/')) return refuse(request, response)
    return answer(response, 308, { location: `https://${host}${port === 443 ? '' : `:${port}`}${url}` })
  }
  const server = createHttp(httpOptions(balancer.config), (request, response) =>
    inTurn(request, response, () => redirect(request, response)),
  )
  const { maxRequestsPerSocket } = httpProperties(balancer.config)
  return Object.assign(server, { maxRequestsPerSocket })
}

function httpsServer(
  { port, certificates: references }: ListenerConfig,
  balancer: Balancer,
  env: NodeJS.ProcessEnv,
): Pick<Listener, 'server' | 'certificates'> {
  const { limits, timeouts } = balancer.config
  const server = createSecureServer({
    ...httpOptions(balancer.config),
    allowHTTP1: true,
    minVersion,
    handshakeTimeout: milliseconds(timeouts.headers),
    settings: {
      maxConcurrentStreams: openRequests,
      maxHeaderListSize: limits.headerBytes,
      enableConnectProtocol: true,
    },
    SNICallback: (name, callback) => callback(null, certificates.find(name)),
  })
  server.on('session', (session) => endIdle(session, timeouts)).on('session', endTimer)
  server.on('request', (request: Request, http2: Http2ServerResponse) => {
    const response = http2 as unknown as ServerResponse
    const begin = (): void => balancer.request(request, response, 'https')
    if (headerBytes(request.rawHeaders) > limits.headerBytes) answer(response, 431)
    else if (request instanceof IncomingMessage) inTurn(request, response, begin)
    else {
      expectBody(request, milliseconds(timeouts.request))
      unlessReset(request, begin)
    }
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const asking = askingHttp1(request, socket, head)
    balancer.request(request, asking.response, 'https', asking)
  })
  // WebSockets over HTTP/2. Node takes any other CONNECT for one, too: it is refused.
  server.on('connect', (request: Request, response: Http2ServerResponse | Duplex) => {
    if (!('stream' in request) || !('stream' in response)) return void response.destroy()
    const { ':protocol': protocol, 'content-length': length } = request.headers
    if (protocol !== 'websocket' || length !== undefined) return answer(response as never, 405)
    return unlessReset(request, () => {
      const asking = askingHttp2(request, response)
      balancer.request(request, asking.response, 'https', asking)
    })
  })
  Object.assign(server, httpProperties(balancer.config))
  const certificates = new Certificates(server)
  try {
    certificates.replace(readPairs(references, env))
  } catch (error) {
    process.emitWarning(`port ${port} has no certificate yet: ${(error as Error).message}`)
  }
  return { server, certificates }
}

function headerBytes(raw: readonly string[]): number {
  return raw.reduce((sum, text) => sum + text.length + 2, 0)
}
