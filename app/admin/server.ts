import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { adminPage } from './page.ts'
import { type BalancerConfig, ConfigError } from '../config.ts'
import { NotFound, type Operator, replaced } from '../operator.ts'
import type { BackendView } from '../shared.ts'
import { latencyOf, rateOf } from '../stats.ts'

const mostBytes = 262_144

/** A request that is refused. */
class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The server for operators: what is read is open to whoever reaches the port, what changes needs the token. */
export function adminServer(config: BalancerConfig, operator: Operator, token: string | undefined): Server {
  const keepAliveTimeout = config.timeouts.keepAlive * 1000
  return createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout },
    (request, response) => {
      respond(request, config, operator, token).then(
        ([status, body]) => send(response, status, body),
        (error: unknown) => send(response, statusOf(error), { error: (error as Error).message }),
      )
    },
  )
}

/** An answer that is not JSON. */
class Text {
  readonly text: string
  readonly headers: Record<string, string>
  constructor(text: string, type: string, headers: Record<string, string> = {}) {
    this.text = text
    this.headers = { 'content-type': type, ...headers }
  }
}

function pageText(): Text {
  const { html, policy } = adminPage()
  const headers = { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' }
  return new Text(html, 'text/html; charset=utf-8', headers)
}

type Answer = [status: number, body?: unknown]

async function respond(
  request: IncomingMessage,
  config: BalancerConfig,
  operator: Operator,
  token: string | undefined,
): Promise<Answer> {
  const { method = 'GET' } = request
  const parts = pathOf(request.url ?? '/')
  if (method === 'GET' || method === 'HEAD') return read(parts, config, operator)
  authorize(request, token)
  const body = method === 'DELETE' ? {} : await json(request)
  return write(method, parts, body, operator)
}

/** The parts of a path, each decoded. @throws {Refused} for one that is no path */
function pathOf(url: string): string[] {
  try {
    return url
      .replace(/\?.*$/s, '')
      .split('/')
      .slice(1)
      .map((part) => decodeURIComponent(part))
  } catch {
    throw new Refused(400, 'the path is not encoded properly')
  }
}

function read([first, second]: string[], config: BalancerConfig, operator: Operator): Answer {
  if (first === 'api' && second === 'backends') return [200, overview(config, operator)]
  if (first === '' && second === undefined) return [200, pageText()]
  throw new Refused(404, 'not found')
}

function overview(config: BalancerConfig, operator: Operator): object {
  const pools = Object.entries(operator.view()).map(([name, backends]) => ({
    name,
    algorithm: config.pools[name]?.algorithm,
    backends: backends.map(describe),
  }))
  return {
    pools,
    processes: operator.processes,
    uptime: Math.round(process.uptime()),
    hostname: hostname(),
    version: process.versions.node,
  }
}

function describe({ address, state, reason, weight, latencies, seconds, ...stats }: BackendView): object {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => latencyOf(latencies, share))
  return {
    id: address,
    address,
    state,
    reason,
    weight,
    inflight: stats.inflight,
    requests: stats.requests,
    rate: rateOf(seconds),
    errorRate: stats.requests === 0 ? 0 : stats.failures / stats.requests,
    latency: { p50, p90, p99 },
  }
}

/** Carries out a change. */
async function write(
  method: string,
  parts: string[],
  body: Record<string, unknown>,
  operator: Operator,
): Promise<Answer> {
  const [api, kind, name = '', backends, id] = parts
  if (api === 'api' && kind === 'certificates' && method === 'PUT' && parts.length === 3) {
    const { certificate, key } = body
    if (typeof certificate !== 'string' || typeof key !== 'string')
      throw new Refused(400, 'certificate and key are needed, each PEM')
    await operator.replaceCertificates(Number(name), [{ certificate, key }])
    return [204]
  }
  if (api !== 'api' || kind !== 'pools' || backends !== 'backends') throw new Refused(404, 'not found')
  if (method === 'POST' && parts.length === 4) return add(name, body, operator)
  if (id === undefined || parts.length !== 5) throw new Refused(405, `${method} goes with a backend`)
  if (method === 'DELETE') {
    await operator.change(name, (all) => replaced(all, id, () => []))
    return [204]
  }
  if (method !== 'PATCH') throw new Refused(405, `${method} is not for backends`)
  const edit = editOf(body)
  const changed = await operator.change(name, (all) =>
    replaced(all, id, (backend) => [{ ...backend, ...edit }]),
  )
  return [200, changed.find(({ address }) => address === id)]
}

async function add(pool: string, body: Record<string, unknown>, operator: Operator): Promise<Answer> {
  const { address, weight = 1, ...rest } = body
  noMore(rest)
  const backend = { address: address as string, weight: weight as number, draining: false }
  await operator.change(pool, (all) => [...all, backend])
  return [201, backend]
}

function editOf({ weight, draining, ...rest }: Record<string, unknown>): {
  weight?: number
  draining?: boolean
} {
  noMore(rest)
  if (draining !== undefined && typeof draining !== 'boolean')
    throw new Refused(400, 'draining is true or false')
  if (weight === undefined && draining === undefined) throw new Refused(400, 'weight or draining is needed')
  return {
    ...(weight === undefined ? {} : { weight: weight as number }),
    ...(draining === undefined ? {} : { draining }),
  }
}

function noMore(rest: object): void {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new Refused(400, `there is no such key: ${unknown}`)
}

function authorize({ headers }: IncomingMessage, token: string | undefined): void {
  if (token === undefined) throw new Refused(403, 'this machine was given no token: nothing can be changed')
  const [, given = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
  if (!timingSafeEqual(digest(given), digest(token))) throw new Refused(401, 'the token is missing or wrong')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function json(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    bytes += (part as Buffer).length
    if (bytes > mostBytes) throw new Refused(413, `more than ${mostBytes} bytes`)
    parts.push(part as Buffer)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(parts).toString())
  } catch {
    throw new Refused(400, 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refused(400, 'the body is not a JSON object')
  return value as Record<string, unknown>
}

function statusOf(error: unknown): number {
  if (error instanceof Refused) return error.status
  if (error instanceof NotFound) return 404
  return error instanceof ConfigError ? 400 : 500
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const { text, headers } =
    body instanceof Text
      ? body
      : new Text(body === undefined ? '' : `${JSON.stringify(body)}\n`, 'application/json')
  response.writeHead(status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    // What was not read of a request ends the connection.
    ...(status === 413 ? { connection: 'close' } : {}),
    ...(status === 204 ? {} : { ...headers, 'content-length': Buffer.byteLength(text) }),
  })
  response.end(text)
}
