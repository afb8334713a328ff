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
import { sendStatus, type Request, type Response } from './response.ts'
import { Certificates, minVersion } from './certificates.ts'
import { endIdle, expectBody, unlessReset } from './http2.ts'
import { inTurn, openRequests } from './pipelining.ts'

/** Limits that protect a server from slow and broken clients. Times are in milliseconds. */
export interface WebLimits {
  /** Until the headers have arrived, and until the whole request has. */
  headersMs: number
  requestMs: number
  /** Between two requests on a connection. */
  keepAliveMs: number
  /** Until an HTTP/2 connection that ends is closed, even if streams are open. */
  longestMs: number
  /** Length of the request line and headers. */
  headerBytes: number
  /** Requests per HTTP/1.1 connection; 0 for no limit. */
  requestsPerConnection: number
}

/** Compressed headers of a response over HTTP/2. Node's default is 64 KiB. */
const mostResponseHeaderBytes = 2 ** 21

type Respond = (request: Request, response: Response) => void

/** Creates a hardened HTTP/1.1 server. */
export function webServer(limits: WebLimits, respond: Respond): Server {
  const server = createServer(options(limits), (request, response) =>
    inTurn(request, response, () => respond(request, response)),
  )
  return Object.assign(server, settings(limits))
}

/** Creates a hardened server of HTTP/2 and HTTP/1.1 over TLS, without certificates: see `Certificates.replace`. */
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

/** Creates a hardened server of HTTP/2 without TLS (RFC 9113, 3.3), such as for gRPC clients. */
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
    if (headerBytes(request.rawHeaders) > limits.headerBytes) sendStatus(response, 431)
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
    // Repeated headers pass, as over HTTP/1.1.
    strictSingleValueFields: false,
  }
}

/** Limits headers by their length only: Node silently drops those beyond a number. */
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
