/** Log forwarding: a bundle of its own, loaded when the configuration names a collector. */
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { Emit } from '../event.ts'
import { reasonOf } from '../errors.ts'
import { batches } from './batches.ts'
import { collectorOf, Refused } from './collector.ts'
import { readRecord } from './record.ts'

export interface Forwarding {
  /** URL of the collector, or `env:NAME`. */
  forward: string
  /** Where PID 1 puts a copy of the log. */
  fifo: string
  emit: Emit
}

const firstRetryMs = 500
const lastRetryMs = 30_000

/**
 * Sends each line of the log to a collector from now on, in order. While the collector does not take them the next
 * lines stay where PID 1 puts them, and what has no room there PID 1 counts and drops: the app never waits.
 */
export async function forwardLogs({ forward, fifo, emit }: Forwarding): Promise<void> {
  const url = resolve(forward)
  if (url === undefined)
    return emit('node', 'logs.failing', {
      reason: `logs.forward: ${forward} must be set to a URL: syslog+udp, syslog+tcp, syslog+tls, http or https`,
    })
  const collector = collectorOf(url, hostname())
  const host = url.host
  let failing = false
  for await (const lines of batches(fifo)) {
    const records = lines.map((line) => readRecord(line))
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        await collector(records)
        if (failing) emit('node', 'logs.forwarding', { collector: host })
        failing = false
        break
      } catch (error) {
        if (!failing) emit('node', 'logs.failing', { collector: host, reason: reasonOf(error) })
        failing = true
        if (error instanceof Refused) break
        await wait(retryMs, undefined, { ref: false })
      }
    }
  }
}

const schemes = new Set(['syslog+udp:', 'syslog+tcp:', 'syslog+tls:', 'http:', 'https:'])

function resolve(forward: string): URL | undefined {
  const text = forward.startsWith('env:') ? process.env[forward.slice('env:'.length)] : forward
  const url = text === undefined ? null : URL.parse(text)
  return url !== null && schemes.has(url.protocol) && url.hostname !== '' ? url : undefined
}
