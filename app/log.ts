import pino from 'pino'
import type { Exchange } from './exchange.ts'

/** Lines are collected, and written while nothing else waits: a request never waits for the console. */
const destination = pino.destination({
  fd: 1,
  sync: false,
  minLength: 4096,
  maxLength: 2 ** 20,
  periodicFlush: 200,
})

const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)

/** Lines that were dropped because the console accepts nothing. */
let dropped = 0
destination.on('drop', () => (dropped += 1))
// There is room after this event, not yet in it.
destination.on('write', () => void (dropped > 0 && setImmediate(tellDropped)))

function tellDropped(): void {
  const lines = dropped
  if (lines === 0) return
  dropped = 0
  logger.warn({ event: 'log lines dropped', lines })
  if (dropped > 0) dropped = lines
}

/** A request that failed. */
export function logProblem(event: string, exchange: Exchange, status: number, reason: string): void {
  logger.warn({ event, ...describe(exchange), status, reason })
}

/** How a response ended. */
type Outcome = 'complete' | 'broken off' | 'client closed'

/** A request that has been responded to, or whose client disconnected. */
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
  // A stream of HTTP/2 that its client has reset counts as finished, too.
  return response.writableEnded && response.writableFinished ? 'complete' : 'client closed'
}

function describe({ request, pool, client, requestId }: Exchange): object {
  const { method, url, headers } = request
  return { requestId, client, method, host: headers.host ?? headers[':authority'], url, pool: pool.name }
}
