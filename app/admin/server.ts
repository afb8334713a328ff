import { hash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ConfigError } from '../config.ts'
import { NotFound, type Operator } from '../operator.ts'
import { type Answer, Refused, routes } from './api.ts'

/** The server for operators: what is read is open to whoever reaches the port, what changes needs the token. */
export function adminServer(operator: Operator, token: string | undefined): Server {
  const keepAliveTimeout = operator.balancer.config.timeouts.keepAlive * 1000
  const limits = { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout }
  return createServer(limits, (request, response) => {
    respond(request, operator, token).then(
      (answer) => send(response, answer),
      (error: Error) => send(response, { status: statusOf(error), body: { error: error.message } }),
    )
  })
}

async function respond(
  request: IncomingMessage,
  operator: Operator,
  token: string | undefined,
): Promise<Answer> {
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const path = pathOf(request.url ?? '/')
  if (method !== 'GET') authorize(request, token)
  const found = routes.filter(([, pattern]) => pattern.test(path))
  const [, pattern, handler] = found.find(([each]) => each === method) ?? []
  if (handler === undefined) {
    const methods = found.map(([each]) => each).join(' or ')
    throw found.length === 0
      ? new Refused(404, 'not found')
      : new Refused(405, `${method} is not for this: ${methods}`)
  }
  const [, ...parts] = pattern?.exec(path) ?? []
  return handler(operator, request, ...parts.map(decodeURIComponent))
}

/** Without the query. @throws {Refused} for one that is no path */
function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1)
  try {
    decodeURIComponent(path)
    return path
  } catch {
    throw new Refused(400, 'the path is not encoded properly')
  }
}

function authorize({ headers }: IncomingMessage, token: string | undefined): void {
  if (token === undefined) throw new Refused(403, 'this machine was given no token: nothing can be changed')
  const [, given = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer')
  if (!timingSafeEqual(digest(given), digest(token))) throw new Refused(401, 'the token is missing or wrong')
}

function statusOf(error: Error): number {
  if (error instanceof Refused) return error.status
  if (error instanceof NotFound) return 404
  return error instanceof ConfigError ? 400 : 500
}

function send(response: ServerResponse, { status, body = '', headers }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    // What was not read of a request ends the connection.
    ...(status === 413 ? { connection: 'close' } : {}),
    ...(status === 204
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    ...headers,
  })
  response.end(text)
}
