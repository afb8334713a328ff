import { randomBytes } from 'node:crypto'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer, type Request, type Response } from './answer.ts'
import { hasBody } from './body.ts'
import { unlessReset } from './http2.ts'

type Headers = (string | string[])[]
type Respond = (request: Request, response: Response, asking: Asking) => void

/** A client that asks for another protocol. */
export interface Asking {
  protocol: string
  /** What a backend must be told besides the client's headers. */
  headers: Headers
  /** Answers where no backend agrees. */
  response: Response
  /** Carries the other protocol, once `agree` has been called. */
  stream: Duplex
  /** Tells the client that its backend agrees to a protocol, with these headers. */
  agree: (protocol: string | undefined, headers: Headers) => void
}

/** Gives `respond` the clients of a server that want another protocol, and what takes them there. */
export function takeUpgrades(server: Server | Http2Server | Http2SecureServer, respond: Respond): void {
  Object.assign(server, { shouldUpgradeCallback: isUpgrade })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const asking = askingHttp1(request, socket, head)
    respond(request, asking.response, asking)
  })
  // Node takes any CONNECT of HTTP/2 for a WebSocket: others are refused.
  server.on('connect', (request: Request, response: Http2ServerResponse | Duplex) => {
    if (!('stream' in request) || !('stream' in response)) return void response.destroy()
    const { ':protocol': protocol, 'content-length': length } = request.headers
    if (protocol !== 'websocket' || length !== undefined) return answer(response as never, 405)
    return unlessReset(request, () => {
      const asking = askingHttp2(request, response)
      respond(request, asking.response, asking)
    })
  })
}

/**
 * Whether a request is one for another protocol. It may always be answered as if it were not (RFC 9110, 7.8), and is
 * where a body would be lost, for HTTP/2 without TLS, and behind answers that are still under way.
 */
function isUpgrade(request: IncomingMessage): boolean {
  const { method, httpVersion, headers, socket } = request
  if (method !== 'GET' || httpVersion !== '1.1' || hasBody(request)) return false
  // Node's own mark of a connection with an answer under way: it takes no other, and throws.
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: ServerResponse | null }
  return !answering && !/\bh2c\b/i.test(headers.upgrade ?? '')
}

/** A client that wants its connection of HTTP/1.1 to be upgraded. */
function askingHttp1(request: IncomingMessage, stream: Duplex, head: Buffer): Asking {
  const socket = stream as Socket
  const { upgrade: protocol = '' } = request.headers
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  response.shouldKeepAlive = false
  // Node has left the connection to itself: it ends with an answer, whatever its client does.
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

/** A client that wants a WebSocket in a stream of HTTP/2 (RFC 8441); its backend speaks HTTP/1.1, and needs a key. */
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
