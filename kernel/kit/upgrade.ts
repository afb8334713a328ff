import { randomBytes } from 'node:crypto'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { sendStatus, type Request, type Response } from './response.ts'
import { hasBody } from './body.ts'
import { unlessReset } from './http2.ts'

type Headers = (string | string[])[]
type Respond = (request: Request, response: Response, asking: Asking) => void

/** A client that requests another protocol. */
export interface Asking {
  protocol: string
  /** Headers that a backend needs besides those of the client. */
  headers: Headers
  /** The response if no backend accepts the upgrade. */
  response: Response
  /** Carries the other protocol after `agree` was called. */
  stream: Duplex
  /** Accepts the upgrade, with the protocol and headers of the backend. */
  agree: (protocol: string | undefined, headers: Headers) => void
}

/** Calls `respond` for the upgrade requests of a server. */
export function takeUpgrades(server: Server | Http2Server | Http2SecureServer, respond: Respond): void {
  Object.assign(server, { shouldUpgradeCallback: isUpgrade })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const asking = askingHttp1(request, socket, head)
    respond(request, asking.response, asking)
  })
  // Only the CONNECT of a WebSocket is accepted.
  server.on('connect', (request: Request, response: Http2ServerResponse | Duplex) => {
    if (!('stream' in request) || !('stream' in response)) return void response.destroy()
    const { ':protocol': protocol, 'content-length': length } = request.headers
    if (protocol !== 'websocket' || length !== undefined) return sendStatus(response as never, 405)
    return unlessReset(request, () => {
      const asking = askingHttp2(request, response)
      respond(request, asking.response, asking)
    })
  })
}

/**
 * Returns whether to treat a request as an upgrade. An upgrade may always be ignored (RFC 9110, 7.8). It is ignored if a
 * body would be lost, for h2c, and while the connection has a response under way.
 */
function isUpgrade(request: IncomingMessage): boolean {
  const { method, httpVersion, headers, socket } = request
  if (method !== 'GET' || httpVersion !== '1.1' || hasBody(request)) return false
  // Node marks a connection with a response under way so, and throws if there is another one.
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: ServerResponse | null }
  return !answering && !/\bh2c\b/i.test(headers.upgrade ?? '')
}

/** An upgrade over HTTP/1.1. */
function askingHttp1(request: IncomingMessage, stream: Duplex, head: Buffer): Asking {
  const socket = stream as Socket
  const { upgrade: protocol = '' } = request.headers
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  response.shouldKeepAlive = false
  // Node does not manage this connection any more: it ends with the response.
  response.once('finish', () => socket.resume().destroySoon())
  socket.on('error', () => socket.destroy())
  if (head.length > 0) socket.unshift(head)
  return {
    ...{ protocol, headers: [], response, stream },
    agree(agreed = protocol, headers) {
      response.writeHead(101, ['connection', 'Upgrade', 'upgrade', agreed, ...headers] as string[])
      response.flushHeaders()
    },
  }
}

/** A WebSocket over HTTP/2 (RFC 8441). Its backend uses HTTP/1.1, which needs a key. */
function askingHttp2({ stream }: Http2ServerRequest, http2: Http2ServerResponse): Asking {
  const response = http2 as unknown as Response
  const close = (): void => stream.close()
  stream.once('finish', close)
  return {
    ...{ protocol: 'websocket', headers: ['sec-websocket-key', randomBytes(16).toString('base64')] },
    ...{ response, stream },
    agree(_protocol, headers) {
      stream.off('finish', close)
      const own = headers.indexOf('sec-websocket-accept')
      response.writeHead(200, (own < 0 ? headers : headers.toSpliced(own, 2)) as string[]).flushHeaders()
    },
  }
}
