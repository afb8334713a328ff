import { createServer as createHttp, IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer, type Http2ServerResponse } from 'node:http2'
import { createServer as createTcp, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import type { Balancer } from './balancer.ts'
import type { Request } from './body.ts'
import { Certificates, minVersion, readPairs } from './certificates.ts'
import type { BalancerConfig, ListenerConfig } from './config.ts'
import { endIdle, expectBody, unlessReset } from './http2.ts'
import { limitPerClient } from './per-client.ts'
import { inTurn, openRequests } from './pipelining.ts'
import { endTimer } from './session-timer.ts'
import { askingHttp1, askingHttp2 } from './upgrade.ts'

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
      return { port, server: createHttp(httpOptions(balancer.config), redirectTo(redirectPort)) }
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
    headersTimeout: timeouts.headers * 1000,
    requestTimeout: Math.max(timeouts.request, timeouts.headers) * 1000,
    keepAliveTimeout: timeouts.keepAlive * 1000,
    connectionsCheckingInterval: 1000,
    maxRequestsPerSocket: limits.requestsPerConnection,
  }
}

function httpServer(balancer: Balancer): Server {
  return createHttp(httpOptions(balancer.config), (request, response) =>
    inTurn(request, response, () => balancer.request(request, response, 'http')),
  ).on('upgrade', (request, socket, head) =>
    balancer.upgrade(request, askingHttp1(request, socket, head), 'http'),
  )
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
    handshakeTimeout: timeouts.headers * 1000,
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
      expectBody(request, timeouts.request * 1000)
      unlessReset(request, begin)
    }
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    balancer.upgrade(request, askingHttp1(request, socket, head), 'https'),
  )
  // WebSockets over HTTP/2. Node takes any other CONNECT for one, too: it is refused.
  server.on('connect', (request: Request, response: Http2ServerResponse | Duplex) => {
    if (!('stream' in request) || !('stream' in response)) return void response.destroy()
    if (request.headers[':protocol'] !== 'websocket') return answer(response as never, 405)
    return unlessReset(request, () => balancer.upgrade(request, askingHttp2(request, response), 'https'))
  })
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

function redirectTo(port: number): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ headers, url }, response) => {
    const [host = ''] = (headers.host ?? '').split(':')
    if (!/^[\w.-]+$/.test(host)) return answer(response, 400)
    const location = `https://${host}${port === 443 ? '' : `:${port}`}${url ?? '/'}`
    answer(response, 308, { location })
  }
}
