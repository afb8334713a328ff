import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerOptions,
} from 'node:http2'
import { answer, type Request, type Response } from './answer.ts'
import { Certificates, minVersion } from './certificates.ts'
import { endIdle, expectBody, unlessReset } from './http2.ts'
import { inTurn, openRequests } from './pipelining.ts'

/** By these a slow or broken client ends, not by patience. Times in milliseconds. */
export interface WebLimits {
  /** Until the headers have come, and until all of the request has. */
  headersMs: number
  requestMs: number
  /** Between two requests of a connection. */
  keepAliveMs: number
  /** That a connection of HTTP/2 takes to end, whatever its streams do. */
  longestMs: number
  /** Request line and headers together. */
  headerBytes: number
  /** Requests of a connection of HTTP/1.1; 0 for no limit. */
  requestsPerConnection: number
}

/** Headers of a response over HTTP/2, compressed; Node's own limit is 64 KiB. */
const mostResponseHeaderBytes = 2 ** 21

type Respond = (request: Request, response: Response) => void

/** A server of HTTP/1.1 that everybody may reach. */
export function webServer(limits: WebLimits, respond: Respond): Server {
  const server = createServer(options(limits), (request, response) =>
    inTurn(request, response, () => respond(request, response)),
  )
  return Object.assign(server, settings(limits))
}

/** A server of HTTP/2 and HTTP/1.1 over TLS that everybody may reach, and its certificates: it has none yet. */
export function secureWebServer(
  limits: WebLimits,
  respond: Respond,
): { server: Http2SecureServer; certificates: Certificates } {
  const server = createSecureServer({
    ...http2Options(limits),
    allowHTTP1: true,
    minVersion,
    handshakeTimeout: limits.headersMs,
    SNICallback: (name, callback) => callback(null, certificates.find(name)),
  })
  const certificates = new Certificates(server)
  serveHttp2(server, limits, respond)
  return { server, certificates }
}

/** Starts a server of HTTP/2 without TLS, for clients that know of it (RFC 9113, 3.3), such as those of gRPC. */
export function plainHttp2Server(limits: WebLimits, respond: Respond): Http2Server {
  const server = createHttp2Server(http2Options(limits))
  serveHttp2(server, limits, respond)
  return server
}

function serveHttp2(server: Http2Server | Http2SecureServer, limits: WebLimits, respond: Respond): void {
  server.on('session', (session: ServerHttp2Session) =>
    endIdle(session, { idleMs: limits.keepAliveMs, longestMs: limits.longestMs }),
  )
  server.on('request', (request: Request, http2: Http2ServerResponse) => {
    const response = http2 as unknown as ServerResponse
    const begin = (): void => respond(request, response)
    if (headerBytes(request.rawHeaders) > limits.headerBytes) answer(response, 431)
    else if (request instanceof IncomingMessage) inTurn(request, response, begin)
    else {
      expectBody(request, limits.requestMs)
      unlessReset(request, begin)
    }
  })
  Object.assign(server, settings(limits))
}

function http2Options(limits: WebLimits): ServerOptions & { strictSingleValueFields: boolean } {
  return {
    ...options(limits),
    settings: {
      maxConcurrentStreams: openRequests,
      maxHeaderListSize: limits.headerBytes,
      enableConnectProtocol: true,
    },
    maxHeaderListPairs: limits.headerBytes,
    maxSendHeaderBlockLength: mostResponseHeaderBytes,
    // A header that is sent twice by mistake is passed on, as over HTTP/1.1.
    strictSingleValueFields: false,
  }
}

/** Headers are limited by their bytes alone: Node drops without notice those beyond a number. */
function settings({ requestsPerConnection }: WebLimits): object {
  return { maxRequestsPerSocket: requestsPerConnection, maxHeadersCount: 0 }
}

function options({ headersMs, requestMs, keepAliveMs, headerBytes }: WebLimits) {
  return {
    maxHeaderSize: headerBytes,
    headersTimeout: headersMs,
    requestTimeout: Math.max(requestMs, headersMs),
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: 1000,
  }
}

function headerBytes(raw: readonly string[]): number {
  return raw.reduce((sum, text) => sum + text.length + 2, 0)
}
