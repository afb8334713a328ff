import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { reasonOf } from '../errors.ts'
import type { Emit } from '../event.ts'
import { collectorOf, readRecord, Refused } from './collector.ts'

/** Log forwarding: a bundle of its own, loaded if the configuration has a collector. */

export interface Forwarding {
  /** URL of the collector, or `env:NAME`. */
  forward: string
  /** The FIFO that init copies the log to. */
  fifo: string
  emit: Emit
}

const firstRetryMs = 500
const lastRetryMs = 30_000

/**
 * Sends each line of the log to a collector, in order. While the collector fails, lines wait in init's FIFO; init drops
 * and counts those that do not fit, so the app never waits.
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

/** A longer line is split. */
const longestLine = 32_768
/** Lines of this period are sent together. */
const pauseMs = 100

/** Yields the lines of a FIFO in batches, with back-pressure. Does not keep the process alive. */
export async function* batches(fifo: string): AsyncGenerator<string[]> {
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const socket = new Socket({ fd, readable: true, writable: false })
  socket.setEncoding('utf8').unref()
  let rest = ''
  for await (const chunk of socket as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    const whole = [...lines, ...(rest.length > longestLine ? [rest] : [])].filter((line) => line !== '')
    if (rest.length > longestLine) rest = ''
    if (whole.length > 0) yield whole
    await wait(pauseMs, undefined, { ref: false })
  }
}
