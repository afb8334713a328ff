import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { root } from '../../config/lib/paths.ts'
import { limit, ownConnection, until } from './until.ts'
import { freePort } from './ports.ts'

export { until }
export { untilSteady } from './until.ts'

interface Owner {
  teardown(undo: () => unknown): unknown
}

/** A backend that counts its requests. */
export interface TestBackend {
  address: string
  server: Server
  /** Number of requests, without health checks. */
  count: number
  /** Status of its responses. Default: 200. */
  status?: number
  stop: () => Promise<void>
  start: () => Promise<void>
}

/** Path of health checks in these tests. */
export const checkPath = '/check'

/** Starts a backend that responds with its address, or by `listener`. */
export async function backend(t: Owner, listener?: RequestListener): Promise<TestBackend> {
  const server = createServer((request, response) => {
    response.statusCode = self.status ?? 200
    if (request.url === checkPath) return response.end()
    self.count += 1
    if (listener === undefined) return response.end(self.address)
    return listener(request, response)
  })
  const port = await freePort()
  const self: TestBackend = {
    address: `127.0.0.1:${port}`,
    server,
    count: 0,
    async start() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async stop() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  await self.start()
  t.teardown(() => self.stop())
  return self
}

/** A load balancer in a process of its own. */
export interface TestBalancer {
  port: number
  url: string
  admin: string
  process: ChildProcess
  /** Its output so far. */
  output: () => string
  get: (path?: string, init?: RequestInit) => Promise<Response>
  /** Returns the text of a response. */
  text: (path?: string, init?: RequestInit) => Promise<string>
  change: (method: string, path: string, body?: unknown, token?: string) => Promise<Response>
  overview: () => Promise<Overview>
}

export interface Overview {
  processes: number
  /** Whether changes survive a restart of Node. */
  changes: 'kept' | 'lost'
  pools: {
    name: string
    backends: {
      id: string
      state: string
      reason: string | null
      weight: number
      inflight: number
      requests: number
      errorRate: number
      /** Responses that ended in the middle, since the start. */
      brokenOff: number
      rate: number
      latency: { p50: number; p90: number; p99: number }
    }[]
  }[]
}

export const token = 'test-token'

/** Starts the app with a configuration; its first listener gets a free port, `admin` another one. */
export async function balancer(
  t: Owner,
  config: object,
  env: Record<string, string> = {},
  adminOptions: object = {},
): Promise<TestBalancer> {
  const [port, admin] = [await freePort(), await freePort()]
  const whole = { listeners: [{ port }], ...config, admin: { port: admin, ...adminOptions } }
  const child = spawn(
    process.execPath,
    [`--import=${join(import.meta.dirname, 'drains.ts')}`, join(root, 'app/index.ts')],
    {
      env: { LB_CONFIG: JSON.stringify(whole), ADMIN_TOKEN: token, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()))
  const listening = (whole.listeners[0] as { port: number }).port
  await until('the balancer listens', async () => {
    if (child.exitCode !== null) throw new Error(`the balancer did not start: ${output}`)
    return answers(admin)
  })
  child.once('exit', (code, signal) => {
    if (!child.killed) throw new Error(`the balancer ended by itself (${code ?? signal}): ${output}`)
  })
  const url = `http://127.0.0.1:${listening}`
  const get = async (path = '/', init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { signal: limit(), ...init })
  return {
    port: listening,
    url,
    admin: `http://127.0.0.1:${admin}`,
    process: child,
    output: () => output,
    get,
    text: async (path, init) => (await get(path, init)).text(),
    change: async (method, path, body, given = token) =>
      fetch(`http://127.0.0.1:${admin}${path}`, {
        method,
        headers: { ...ownConnection, authorization: `Bearer ${given}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    overview: async () =>
      (
        await fetch(`http://127.0.0.1:${admin}/api/backends`, { headers: ownConnection })
      ).json() as Promise<Overview>,
  }
}

/** Returns a configuration with one pool, `web`, for all requests. */
export function oneRoute(backends: TestBackend[], pool: object = {}): object {
  return {
    routes: [{ pool: 'web' }],
    pools: {
      web: {
        backends: backends.map(({ address }) => ({ address })),
        // A host that has much to do is slow to respond to its checks, too.
        health: { path: checkPath, interval: 0.1, timeout: 30, rise: 2, fall: 2 },
        ...pool,
      },
    },
  }
}

/** Writes text to a connection, and resolves with everything received until it closes. */
export async function say(
  port: number,
  text: string,
  more?: (write: (text: string) => void) => void,
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data: Buffer) => (answer += data.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write(text)
  more?.((text) => void socket.write(text))
  // Not by events.once(), which would reject when the connection is reset; that is a response as well.
  let closed = false
  socket.once('close', () => (closed = true))
  await until(`the connection is closed after ${JSON.stringify(text.slice(0, 100))}`, () => closed)
  return answer
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/api/backends`, { headers: ownConnection }).then(
    (response) => response.ok,
    () => false,
  )
}

/** Returns the number of requests in flight, for a balancer with one backend. */
export async function inFlight({ overview }: Pick<TestBalancer, 'overview'>): Promise<number | undefined> {
  return (await overview()).pools[0]?.backends[0]?.inflight
}

/** Returns the resident memory of a process. */
export function residentMegabytes(pid = 0): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

export function portOf(server: { address: () => unknown }): number {
  return (server.address() as AddressInfo).port
}
