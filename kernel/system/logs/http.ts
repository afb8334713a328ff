import { Agent as PlainAgent, request as plain } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { type Collector, Refused } from './collector.ts'
import type { Record } from './record.ts'

const patienceMs = 10_000
/** Refusals of the moment. */
const later = new Set([408, 425, 429])

/** A POST of JSON objects, one a line: what Vector, Fluent Bit, Logstash and others take. */
export function http(url: URL, hostname: string): Collector {
  const [request, Agent] = url.protocol === 'https:' ? [secure, SecureAgent] : [plain, PlainAgent]
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return (records) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const headers = { 'content-type': 'application/x-ndjson' }
    const posting = request(url, { method: 'POST', agent, headers, timeout: patienceMs }, (response) => {
      const { statusCode: status = 0 } = response
      response.resume().on('error', reject)
      response.on('end', () => {
        if (status >= 200 && status < 300) return resolve()
        const words = `the collector responded with ${status}`
        reject(status >= 400 && status < 500 && !later.has(status) ? new Refused(words) : new Error(words))
      })
    })
    posting.on('socket', (socket) => socket.unref())
    posting.on('timeout', () => posting.destroy(new Error(`timed out after ${patienceMs / 1000} s`)))
    posting.on('error', reject)
    posting.end(records.map((record) => `${JSON.stringify(asObject(record, hostname))}\n`).join(''))
    return promise
  }
}

/** What is no object becomes one. */
function asObject({ object, time, text }: Record, host: string): object {
  return object === undefined ? { time, host, message: text } : { host, ...object }
}
