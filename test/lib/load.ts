import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:http2'
import { request as requestTls } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { limit, limitMs } from './until.ts'

/** What became of a load. */
export interface Outcome {
  asked: number
  /** What went wrong, one line for each request that did. */
  failed: string[]
}

export interface Load {
  /** How many were asked so far. */
  asked: () => number
  stop: () => Promise<Outcome>
}

/** Asks again and again until it is stopped; an answer is good with status 200. */
export function keepAsking(ask: () => Promise<number>, pauseMs = 20): Load {
  const outcome: Outcome = { asked: 0, failed: [] }
  const enough = new AbortController()
  const asking = (async () => {
    while (!enough.signal.aborted) {
      const problem = await ask().then(
        (status) => (status === 200 ? undefined : `status ${status}`),
        (error: Error) => ((error.cause as Error | undefined) ?? error).message,
      )
      outcome.asked += 1
      if (problem !== undefined) outcome.failed.push(problem)
      await wait(pauseMs)
    }
  })()
  return {
    asked: () => outcome.asked,
    async stop() {
      enough.abort()
      await asking
      return outcome
    },
  }
}

/** A request on a connection that was used before, where there is one. */
export async function askAgain(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: limit() })
  await response.arrayBuffer()
  return response.status
}

/** A request on a connection of its own. */
export async function askAfresh(port: number, scheme: 'http' | 'https'): Promise<number> {
  const options = { host: '127.0.0.1', port, agent: false, timeout: limitMs, rejectUnauthorized: false }
  const sent = scheme === 'http' ? request(options) : requestTls(options)
  sent.on('timeout', () => sent.destroy(new Error('no answer in time'))).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  for await (const part of response) void part
  return response.statusCode ?? 0
}

/** A client that sends all its requests on one session of HTTP/2. */
export function oneSession(port: number): { ask: () => Promise<number>; close: () => void } {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  session.on('error', () => undefined)
  return {
    async ask() {
      const stream = session.request({ ':path': '/' })
      stream.setTimeout(limitMs, () => stream.close())
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      for await (const part of stream) void part
      return Number(headers[':status'])
    },
    close: () => session.close(),
  }
}
