import pino from 'pino'
import type { Request, Response } from '#nodeos/response'
import type { Asking } from '#nodeos/upgrade'
import type { Headers } from './headers.ts'
import type { Pool } from './pool.ts'

/** A request on its way to a pool, and its response on the way back. */
export interface Exchange {
  request: Request
  response: Response
  /** The upgrade that the client requests. */
  asking: Asking | undefined
  pool: Pool
  /** Address of the client. */
  client: string
  headers: Headers
  requestId: string
  /** The backend that the client's cookie names. */
  tag: string | undefined
  /** Bytes that a body may have; 0 for no limit. */
  bodyBytes: number
  /** Milliseconds within which the client must read a part of the response. */
  takeMs: number
  /** Milliseconds without traffic after which an upgraded connection is closed. */
  idleMs: number
  /** Address of the last backend, and bytes of the response body. */
  backend?: string
  bytes: number
  /** Whether the client and its backend have agreed on another protocol. */
  isUpgraded?: boolean
  /** Why the balancer broke the response off after it had begun. */
  brokenOff?: string
}

/** Collects lines and writes them when the process is idle: a request never waits for the console. */
const destination = pino.destination({
  fd: 1,
  sync: false,
  minLength: 4096,
  maxLength: 2 ** 20,
  periodicFlush: 200,
})

const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)

/** Number of lines that were dropped because the console blocks. */
let dropped = 0
destination.on('drop', () => (dropped += 1))
// The buffer has room only after this event.
destination.on('write', () => void (dropped > 0 && setImmediate(tellDropped)))

function tellDropped(): void {
  const lines = dropped
  if (lines === 0) return
  dropped = 0
  logger.warn({ event: 'log lines dropped', lines })
  if (dropped > 0) dropped = lines
}

/** Logs a request that failed. */
export function logProblem(event: string, exchange: Exchange, status: number, reason: string): void {
  logger.warn({ event, ...describe(exchange), status, reason })
}

/** How a response ended. */
type Outcome = 'complete' | 'broken off' | 'client closed'

/** Logs a request that has ended. */
export function logRequest(exchange: Exchange, started: number): void {
  const { response, backend, bytes, brokenOff: reason } = exchange
  const ms = Math.round((performance.now() - started) * 10) / 10
  const status = response.headersSent ? response.statusCode : 499
  const outcome = outcomeOf(exchange)
  logger.info({ event: 'request', ...describe(exchange), backend, status, outcome, reason, bytes, ms })
}

function outcomeOf({ response, brokenOff, isUpgraded }: Exchange): Outcome {
  if (brokenOff !== undefined) return 'broken off'
  if (isUpgraded === true) return 'complete'
  // An HTTP/2 stream that its client has reset counts as finished, too.
  return response.writableEnded && response.writableFinished ? 'complete' : 'client closed'
}

function describe({ request, pool, client, requestId }: Exchange): object {
  const { method, url, headers } = request
  return { requestId, client, method, host: headers.host ?? headers[':authority'], url, pool: pool.name }
}
