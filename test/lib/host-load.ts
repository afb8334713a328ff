import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { limitMs } from './until.ts'

/** What continuous load has met. */
export interface Load {
  /** Bodies, and how often each. */
  answers: Map<string, number>
  failures: string[]
  stop(): Promise<void>
}

const pauseMs = 20

/**
 * Asks without end, on a kept connection or on a fresh one each time. No request is ever repeated: what fails counts.
 */
export function load(port: number, connections: 'kept' | 'fresh'): Load {
  const agent =
    connections === 'kept' ? new Agent({ keepAlive: true, maxSockets: 1 }) : new Agent({ keepAlive: false })
  const result: Load = { answers: new Map(), failures: [], stop: () => ended }
  const stopping = new AbortController()
  const ended = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const body = await ask(port, agent)
        result.answers.set(body, (result.answers.get(body) ?? 0) + 1)
      } catch (error) {
        result.failures.push(String(error))
      }
      await wait(pauseMs)
    }
    agent.destroy()
  })()
  result.stop = () => {
    stopping.abort()
    return ended
  }
  return result
}

function ask(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', agent, timeout: limitMs }, (response) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('error', reject)
        .on('end', () =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(String(response.statusCode))),
        )
    })
    asked
      .on('timeout', () => asked.destroy(new Error(`no answer in ${limitMs} ms`)))
      .on('error', reject)
      .end()
  })
}
