import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:http2'
import { Agent as HttpsAgent, request as requestTls } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { limitMs } from './until.ts'

/** Requests that follow each other until `stop`, and what came of them. No request is retried. */
export interface Load {
  /** Number of requests that ended. */
  count: () => number
  /** Bodies of the responses, with the number of each. */
  bodies: Map<string, number>
  /** Problems, one for each request that failed. */
  failures: string[]
  stop: () => Promise<void>
}

/** A client: sends a request, and resolves with the body of a response with status 200. */
export interface Client {
  send: () => Promise<string>
  close: () => void
}

const pauseMs = 20

/** Sends requests until it is stopped. */
export function keepSending({ send, close }: Client): Load {
  const stopping = new AbortController()
  const [bodies, failures] = [new Map<string, number>(), [] as string[]]
  let count = 0
  const ended = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const body = await send()
        bodies.set(body, (bodies.get(body) ?? 0) + 1)
      } catch (error) {
        failures.push((error as Error).message)
      }
      count += 1
      await wait(pauseMs)
    }
    close()
  })()
  return {
    count: () => count,
    bodies,
    failures,
    async stop() {
      stopping.abort()
      await ended
    },
  }
}

/** Sends each request on the connection of the previous one, or on a new one. */
export function client(
  port: number,
  connections: 'keep-alive' | 'new',
  scheme: 'http' | 'https' = 'http',
): Client {
  const options = { keepAlive: connections === 'keep-alive', maxSockets: 1, rejectUnauthorized: false }
  const agent = scheme === 'http' ? new HttpAgent(options) : new HttpsAgent(options)
  const start = scheme === 'http' ? request : requestTls
  return {
    async send() {
      const sent = start({ host: '127.0.0.1', port, agent, timeout: limitMs })
      sent.on('timeout', () => sent.destroy(new Error(`no response in ${limitMs} ms`))).end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      const body = (await response.setEncoding('utf8').toArray()).join('')
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
      return body
    },
    close: () => agent.destroy(),
  }
}

/** Sends all requests on one HTTP/2 connection. */
export function http2Client(port: number): Client {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  session.on('error', () => undefined)
  return {
    async send() {
      const stream = session.request({ ':path': '/' })
      stream.setTimeout(limitMs, () => stream.close())
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      const body = (await stream.setEncoding('utf8').toArray()).join('')
      if (headers[':status'] !== 200) throw new Error(`status ${String(headers[':status'])}`)
      return body
    },
    close: () => session.close(),
  }
}
