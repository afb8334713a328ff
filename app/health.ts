import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import https from 'node:https'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { shared } from '#nodeos/shared'
import { type Backend, isHttp2, isSecure, type Verdict, well } from './backend.ts'
import type { PoolConfig } from './config.ts'
import { urlOf } from './connections.ts'
import type { Pool } from './pool.ts'

type Pools = ReadonlyMap<string, Pool>

/** Limit of the delay before the first check of a backend. */
const firstMs = 1000

/**
 * Shares one view of the backends between all processes: one of them runs the checks, and every verdict applies to all.
 *
 * @param isChecker returns whether this process runs the checks now
 */
export function shareHealth(pools: Pools, isChecker: () => boolean): void {
  const change = shared<Record<string, Verdict>>('health', {}, (verdicts) => {
    for (const [key, backend] of byKey(pools)) backend.verdict = verdicts[key] ?? well
  })
  const decide = (decided: Backend, verdict: Verdict): void => {
    // Applies here at once: the next requests must not use the backend.
    decided.verdict = verdict
    const edit = (): Record<string, Verdict> => {
      const all = Array.from(byKey(pools), ([key, backend]) => {
        return [key, backend === decided ? verdict : backend.verdict] as const
      })
      return Object.fromEntries(all)
    }
    change(edit).catch((error: unknown) => process.emitWarning(error as Error))
  }
  for (const pool of pools.values()) {
    pool.decide = decide
    pool.onAdded = (backend) => void watch(backend, pool, isChecker)
    for (const backend of pool.backends.values()) pool.onAdded(backend)
  }
}

function byKey(pools: Pools): Map<string, Backend> {
  const all = [...pools.values()].flatMap(({ name, backends }) =>
    Array.from(backends, ([address, backend]) => [`${name} ${address}`, backend] as const),
  )
  return new Map(all)
}

/** Checks a backend at intervals, with a random offset, until its pool drops it. */
async function watch(backend: Backend, { backends, config }: Pool, isChecker: () => boolean): Promise<void> {
  if (config.health.kind === 'none') return
  const intervalMs = config.health.interval * 1000
  await sleep(Math.random() * Math.min(intervalMs, firstMs), undefined, { ref: false })
  while (backends.get(backend.address) === backend) {
    if (isChecker()) backend.checked(await check(backend, config))
    await sleep(intervalMs, undefined, { ref: false })
  }
}

/** Checks a backend once. @returns the problem, or undefined */
async function check(backend: Backend, pool: PoolConfig): Promise<string | undefined> {
  const { kind, timeout } = pool.health
  const signal = AbortSignal.timeout(timeout * 1000)
  const probe = kind === 'tcp' ? checkTcp : isHttp2(pool) ? checkHttp2 : checkHttp1
  try {
    return await probe(backend, pool, signal)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return signal.aborted
      ? `the health check timed out after ${timeout} s`
      : `the health check failed: ${code ?? message}`
  }
}

type Probe = (backend: Backend, pool: PoolConfig, signal: AbortSignal) => Promise<string | undefined>

const checkTcp: Probe = async ({ host, port }, _pool, signal) => {
  const socket = connect({ host, port, signal })
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
  return undefined
}

const checkHttp1: Probe = async ({ host, port, serverName: servername }, pool, signal) => {
  const { get } = isSecure(pool) ? https : http
  const options = { host, port, path: pool.health.path, servername, agent: false, signal }
  const [response] = (await once(get(options as https.RequestOptions), 'response')) as [http.IncomingMessage]
  response.on('error', () => undefined).resume()
  return problemOf(response.statusCode)
}

const checkHttp2: Probe = async ({ host, port, serverName: servername }, pool, signal) => {
  const { kind, path } = pool.health
  const session = connectHttp2(urlOf({ host, port, secure: isSecure(pool) }), { servername })
  const failed = new Promise<never>((_resolve, reject) => {
    session.on('error', reject)
    signal.addEventListener('abort', () => reject(new Error('timed out')), { once: true })
  })
  try {
    return await Promise.race([failed, kind === 'grpc' ? askGrpc(session) : askPath(session, path)])
  } finally {
    session.destroy()
  }
}

async function askPath(session: ClientHttp2Session, path: string): Promise<string | undefined> {
  const stream = session.request({ ':path': path })
  const [{ ':status': status }] = (await once(stream, 'response')) as [
    IncomingHttpHeaders & { ':status'?: number },
  ]
  return problemOf(status)
}

/** Calls Check of grpc.health.v1 for the whole server. */
async function askGrpc(session: ClientHttp2Session): Promise<string | undefined> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let result: IncomingHttpHeaders = {}
  for (const event of ['response', 'trailers'])
    stream.on(event, (headers: IncomingHttpHeaders) => (result = { ...result, ...headers }))
  // An empty message: uncompressed, length 0.
  stream.end(Buffer.alloc(5))
  const message = await buffer(stream)
  if (result['grpc-status'] !== '0')
    return `the health check returned gRPC status ${String(result['grpc-status'])}`
  // Field 1 is 1: SERVING.
  return message.subarray(5).equals(Buffer.of(8, 1))
    ? undefined
    : 'the health check returned another state than SERVING'
}

function problemOf(status = 0): string | undefined {
  return status < 400 ? undefined : `the health check returned status ${status}`
}
