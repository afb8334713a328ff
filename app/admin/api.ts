import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import { limited, TooLarge } from '../body.ts'
import type { BackendConfig } from '../config.ts'
import { type BackendView, type Operator, replaced } from '../operator.ts'
import { latencyOf } from '../stats.ts'
import { adminPage } from './page.ts'

const mostBytes = 262_144

/** A request that is refused. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Answer {
  status: number
  /** An object is sent as JSON. */
  body?: string | object
  headers?: Record<string, string>
}

/** Gets the groups of its route's path, decoded. */
type Handler = (operator: Operator, request: IncomingMessage, ...parts: string[]) => Answer | Promise<Answer>

const backends = /^\/api\/pools\/([^/]*)\/backends$/
const backend = /^\/api\/pools\/([^/]*)\/backends\/([^/]*)$/

/** What can be asked for. */
export const routes: [method: string, path: RegExp, handler: Handler][] = [
  ['GET', /^\/$/, page],
  ['GET', /^\/api\/backends$/, overview],
  ['POST', backends, add],
  ['PATCH', backend, edit],
  ['DELETE', backend, remove],
  ['PUT', /^\/api\/certificates\/([^/]*)$/, replaceCertificate],
]

function page(): Answer {
  const { html, policy } = adminPage()
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
  }
  return { status: 200, body: html, headers }
}

function overview(operator: Operator): Answer {
  const pools = Object.entries(operator.view()).map(([name, backends]) => ({
    name,
    algorithm: operator.balancer.config.pools[name]?.algorithm,
    backends: backends.map(describe),
  }))
  const { processes } = operator
  const uptime = Math.round(process.uptime())
  return {
    status: 200,
    body: { pools, processes, uptime, hostname: hostname(), version: process.versions.node },
  }
}

function describe({ latencies, failures, ...view }: BackendView): object {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => latencyOf(latencies, share))
  const errorRate = view.requests === 0 ? 0 : failures / view.requests
  return { id: view.address, ...view, errorRate, latency: { p50, p90, p99 } }
}

async function add(operator: Operator, request: IncomingMessage, pool: string): Promise<Answer> {
  const backend = await json(request)
  const backends = await operator.changeBackends(pool, (all) => [...all, backend as unknown as BackendConfig])
  return { status: 201, body: backends.at(-1) ?? {} }
}

async function edit(operator: Operator, request: IncomingMessage, pool: string, id: string): Promise<Answer> {
  const edit = await json(request)
  if (Object.keys(edit).length === 0) throw new Refused(400, 'weight or draining is needed')
  if ('address' in edit) throw new Refused(400, 'an address stays: remove the backend and add another one')
  const backends = await operator.changeBackends(pool, (all) =>
    replaced(all, id, (backend) => [{ ...backend, ...edit }]),
  )
  return { status: 200, body: backends.find(({ address }) => address === id) ?? {} }
}

async function remove(
  operator: Operator,
  _request: IncomingMessage,
  pool: string,
  id: string,
): Promise<Answer> {
  await operator.changeBackends(pool, (all) => replaced(all, id, () => []))
  return { status: 204 }
}

async function replaceCertificate(
  operator: Operator,
  request: IncomingMessage,
  port: string,
): Promise<Answer> {
  const { certificate, key } = await json(request)
  if (typeof certificate !== 'string' || typeof key !== 'string')
    throw new Refused(400, 'certificate and key are needed, each PEM')
  await operator.replaceCertificates(Number(port), [{ certificate, key }])
  return { status: 204 }
}

async function json(request: IncomingMessage): Promise<Record<string, unknown>> {
  const sent = await text(limited(request, mostBytes)).catch((error: unknown) => {
    throw error instanceof TooLarge ? new Refused(413, `more than ${mostBytes} bytes`) : error
  })
  let value: unknown
  try {
    value = JSON.parse(sent)
  } catch {
    throw new Refused(400, 'the body is not JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Refused(400, 'the body is not a JSON object')
}
