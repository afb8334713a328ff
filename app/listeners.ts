import { createServer as createHttp, IncomingMessage, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer as createTcp, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import type { Balancer } from './balancer.ts'
import type { Request } from './body.ts'
import { Certificates, minVersion, type Pair, readPairs } from './certificates.ts'
import type { BalancerConfig, ListenerConfig } from './config.ts'
import { endIdle, expectBody, unlessReset } from './http2.ts'
import { limitPerClient } from './per-client.ts'
import { inTurn, openRequests } from './pipelining.ts'
import { askingHttp1, askingHttp2 } from './upgrade.ts'

/** A server that takes connections. */
export interface Listener {
  port: number
  server: Server | Http2SecureServer
  certificates?: Certificates
  /** New connections get these. @throws when one is not usable: then the old ones stay */
  replaceCertificates?: (pairs: readonly Pair[]) => void
  /** Sessions of HTTP/2, which outlive their requests. */
  sessions: Set<ServerHttp2Session>
  /** Connections that are no longer HTTP, or never were. */
  streams: Set<Duplex>
}

/** Starts what a listener's configuration describes. */
export function listen(config: ListenerConfig, balancer: Balancer, env: NodeJS.ProcessEnv): Listener {
  const listener = create(config, balancer, env)
  const { limits } = balancer.config
  listener.server.maxConnections = limits.connections
  limitPerClient(listener.server, limits.connectionsPerClient, balancer.trusted)
  listener.server.listen(config.port)
  return listener
}

function create(config: ListenerConfig, balancer: Balancer, env: NodeJS.ProcessEnv): Listener {
  const base = { port: config.port, sessions: new Set<ServerHttp2Session>(), streams: new Set<Duplex>() }
  switch (config.protocol) {
    case 'tcp':
      return { ...base, server: tcpServer(config.pool ?? '', balancer, base.streams) }
    case 'https':
      return httpsServer(config, balancer, env, base)
    case 'redirect':
      return { ...base, server: createHttp(httpOptions(balancer.config), redirectTo(config.redirectPort)) }
    default: {
      const server = createHttp(httpOptions(balancer.config), (request, response) =>
        inTurn(request, response, () => balancer.request(request, response, 'http')),
      )
      takeUpgrades(server, balancer, 'http', base.streams)
      return { ...base, server }
    }
  }
}

/** A slow or broken client ends by these, not by patience. */
function httpOptions({ limits, timeouts }: BalancerConfig): {
  maxHeaderSize: number
  headersTimeout: number
  requestTimeout: number
  keepAliveTimeout: number
  connectionsCheckingInterval: number
  maxRequestsPerSocket: number
} {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: timeouts.headers * 1000,
    requestTimeout: Math.max(timeouts.request, timeouts.headers) * 1000,
    keepAliveTimeout: timeouts.keepAlive * 1000,
    connectionsCheckingInterval: 1000,
    maxRequestsPerSocket: limits.requestsPerConnection,
  }
}

function httpsServer(
  config: ListenerConfig,
  balancer: Balancer,
  env: NodeJS.ProcessEnv,
  base: Omit<Listener, 'server'>,
): Listener {
  const certificates = new Certificates([])
  const replaceCertificates = (pairs: readonly Pair[]): void => {
    certificates.replace(pairs)
    // For clients that ask for no name.
    const [first] = pairs
    if (first !== undefined) server.setSecureContext({ cert: first.certificate, key: first.key, minVersion })
  }
  const server = createSecureServer({
    ...httpOptions(balancer.config),
    allowHTTP1: true,
    minVersion,
    handshakeTimeout: balancer.config.timeouts.headers * 1000,
    settings: {
      maxConcurrentStreams: openRequests,
      maxHeaderListSize: balancer.config.limits.headerBytes,
      enableConnectProtocol: true,
    },
    SNICallback: (name, callback) => {
      const context = certificates.find(name)
      if (context === undefined) callback(new Error('no certificate'))
      else callback(null, context)
    },
  })
  server.on('request', (request: Request, http2Response) => {
    const response = http2Response as unknown as ServerResponse
    const begin = (): void => balancer.request(request, response, 'https')
    if (headerBytes(request.rawHeaders) > balancer.config.limits.headerBytes) answer(response, 431)
    else if (request instanceof IncomingMessage) inTurn(request, response, begin)
    else {
      expectBody(request, balancer.config.timeouts.request * 1000)
      unlessReset(request, begin)
    }
  })
  server.on('session', (session) => {
    base.sessions.add(session)
    session.once('close', () => base.sessions.delete(session))
    endIdle(session, balancer.config.timeouts)
  })
  takeUpgrades(server, balancer, 'https', base.streams)
  takeConnects(server, balancer, base.streams)
  try {
    replaceCertificates(readPairs(config.certificates, env))
  } catch (error) {
    process.emitWarning(`port ${config.port} has no certificate yet: ${(error as Error).message}`)
  }
  return { ...base, server, certificates, replaceCertificates }
}

function headerBytes(raw: readonly string[]): number {
  return raw.reduce((sum, text) => sum + text.length + 2, 0)
}

function takeUpgrades(
  server: Server | Http2SecureServer,
  balancer: Balancer,
  scheme: 'http' | 'https',
  streams: Set<Duplex>,
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    streams.add(socket)
    socket.once('close', () => streams.delete(socket))
    balancer.upgrade(request, askingHttp1(request, socket, head), scheme)
  })
}

/** WebSockets over HTTP/2. Node takes any other CONNECT for one, too: it is refused. */
function takeConnects(server: Http2SecureServer, balancer: Balancer, streams: Set<Duplex>): void {
  server.on('connect', (request: Request, response: Http2ServerResponse | Duplex) => {
    if (!('stream' in request) || !('stream' in response)) return void response.destroy()
    const { stream } = request
    if (request.headers[':protocol'] !== 'websocket') return answer(response as never, 405)
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
    unlessReset(request, () => balancer.upgrade(request, askingHttp2(request, response), 'https'))
  })
}

function tcpServer(pool: string, balancer: Balancer, streams: Set<Duplex>): Server {
  return createTcp({ allowHalfOpen: true, noDelay: true }, (client) => {
    streams.add(client)
    client.once('close', () => streams.delete(client))
    client.on('error', () => client.destroy())
    balancer.tcp(client, pool)
  })
}

function redirectTo(port: number): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ headers, url }, response) => {
    const [host = ''] = (headers.host ?? '').split(':')
    if (!/^[\w.-]+$/.test(host)) return answer(response, 400)
    const location = `https://${host}${port === 443 ? '' : `:${port}`}${url ?? '/'}`
    answer(response, 308, { location })
  }
}
