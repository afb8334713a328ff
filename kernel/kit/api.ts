import { hash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { limited, TooLarge } from './body.ts'

const mostBytes = 262_144

/** A request of an operator that is rejected, with the status of the response. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Answer {
  status: number
  /** Text, or an object that is sent as JSON. */
  body?: string | object
  headers?: Record<string, string>
}

type Handler = (request: IncomingMessage, ...parts: string[]) => Answer | Promise<Answer>

/** Handlers by method and path. They receive the decoded parts of the path that have a colon, such as `:pool`. */
export type Routes = Record<`${string} /${string}`, Handler>

/** Creates a server for operators: reading is open to everyone who reaches the port, changes need the bearer token. */
export function apiServer(routes: Routes, token: string | undefined): Server {
  const find = router(routes)
  const respond = async (request: IncomingMessage): Promise<Answer> => {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '')
    const path = pathOf(request.url ?? '/')
    if (method !== 'GET') authorize(request, token)
    const { handler, parts } = find(method, path)
    return handler(request, ...parts)
  }
  return createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    respond(request).then(
      (answer) => send(response, answer),
      ({ status = 500, message }: Partial<Refused>) => send(response, { status, body: { error: message } }),
    )
  })
}

/** Reads the JSON object in the body of a request. @throws {Refused} for anything else */
export async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(await text(limited(request, mostBytes)))
  } catch (error) {
    if (error instanceof TooLarge) throw new Refused(413, `the body is larger than ${mostBytes} bytes`)
    throw new Refused(400, 'the body must be JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Refused(400, 'the body must be a JSON object')
}

/** Finds the handler of a request. @throws {Refused} if it is not found */
function router(routes: Routes): (method: string, path: string) => { handler: Handler; parts: string[] } {
  const compiled = Object.entries(routes).map(([route, handler]) => {
    const [method, path = ''] = route.split(' ')
    return { method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '([^/]*)')}$`), handler }
  })
  return (method, path) => {
    const found = compiled.filter(({ pattern }) => pattern.test(path))
    if (found.length === 0) throw new Refused(404, 'not found')
    const route = found.find((each) => each.method === method)
    if (route === undefined) throw new Refused(405, `method ${method} is not allowed for ${path}`)
    const [, ...parts] = route.pattern.exec(path) ?? []
    return { handler: route.handler, parts: parts.map(decodeURIComponent) }
  }
}

/** Returns the path without its query. @throws {Refused} if its encoding is invalid */
function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1)
  try {
    decodeURIComponent(path)
    return path
  } catch {
    throw new Refused(400, 'the path has an invalid percent-encoding')
  }
}

function authorize({ headers }: IncomingMessage, token: string | undefined): void {
  if (token === undefined) throw new Refused(403, 'changes are disabled: this machine has no token')
  const { authorization = '' } = headers
  if (!timingSafeEqual(digest(authorization), digest(`Bearer ${token}`)))
    throw new Refused(401, 'the token is missing or invalid')
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function send(response: ServerResponse, { status, body = '', headers }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    // The rest of the request is not read, so the connection cannot be reused.
    ...(status === 413 ? { connection: 'close' } : {}),
    ...(status === 204
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    ...headers,
  })
  response.end(text)
}
