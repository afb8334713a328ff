import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { Agent as PlainAgent, request as plain } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { connect, isIPv6, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const timeoutMs = 10_000

/** Sends records. @throws an error after which to retry, or {@link Refused} */
export type Collector = (records: LogRecord[]) => Promise<void>

/** The collector rejected the records: a retry is useless. */
export class Refused extends Error {}

/** Creates a collector, which connects when the first records are sent. */
export function collectorOf(url: URL, hostname: string): Collector {
  switch (url.protocol) {
    case 'syslog+udp:':
      return syslogUdp(url, hostname)
    case 'syslog+tcp:':
    case 'syslog+tls:':
      return syslogStream(url, hostname)
    default:
      return http(url, hostname)
  }
}

/** Statuses of temporary errors. */
const temporary = new Set([408, 425, 429])

/** Sends JSON objects, one a line, as Vector, Fluent Bit, Logstash and others accept them. */
function http(url: URL, hostname: string): Collector {
  const [request, Agent] = url.protocol === 'https:' ? [secure, SecureAgent] : [plain, PlainAgent]
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return (records) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const headers = { 'content-type': 'application/x-ndjson' }
    const posting = request(url, { method: 'POST', agent, headers, timeout: timeoutMs }, (response) => {
      const { statusCode: status = 0 } = response
      response.resume().on('error', reject)
      response.on('end', () => {
        if (status >= 200 && status < 300) return resolve()
        const message = `the collector responded with ${status}`
        reject(
          status >= 400 && status < 500 && !temporary.has(status) ? new Refused(message) : new Error(message),
        )
      })
    })
    posting.on('socket', (socket) => socket.unref())
    posting.on('timeout', () => posting.destroy(new Error(`timed out after ${timeoutMs / 1000} s`)))
    posting.on('error', reject)
    posting.end(records.map((record) => `${JSON.stringify(asObject(record, hostname))}\n`).join(''))
    return promise
  }
}

/** Wraps lines that are not objects. */
function asObject({ object, time, text }: LogRecord, host: string): object {
  return object === undefined ? { time, host, message: text } : { host, ...object }
}

/** The facility of user programs. */
const facility = 1
const ports = { 'syslog+udp:': 514, 'syslog+tcp:': 601, 'syslog+tls:': 6514 } as const
/** Every receiver must accept this length (RFC 5426, 3.2). */
const longestDatagram = 2048

/** Formats a record (RFC 5424). */
export function syslogMessage({ severity, time, event, text }: LogRecord, hostname: string): string {
  return `<${facility * 8 + severity}>1 ${time} ${hostname} nodeos - ${event ?? '-'} - ${text}`
}

/** Sends one message in each datagram (RFC 5426); losses are not noticed. */
function syslogUdp(url: URL, hostname: string): Collector {
  let socket: UdpSocket | undefined
  return async (records) => {
    const { address, family } = await lookup(hostOf(url))
    socket ??= createSocket(family === 6 ? 'udp6' : 'udp4')
      .on('error', () => (socket = undefined))
      .unref()
    for (const record of records) {
      const message = Buffer.from(syslogMessage(record, hostname)).subarray(0, longestDatagram)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      socket.send(message, portOf(url), address, (error) => (error === null ? resolve() : reject(error)))
      await promise
    }
  }
}

/** Sends each message after its length, over TCP (RFC 6587) or TLS (RFC 5425). */
function syslogStream(url: URL, hostname: string): Collector {
  let connection: Promise<Socket> | undefined
  return async (records) => {
    connection ??= open(url, () => (connection = undefined))
    const socket = await connection
    const frames = records.map((record) => Buffer.from(syslogMessage(record, hostname)))
    const bytes = Buffer.concat(frames.flatMap((frame) => [Buffer.from(`${frame.length} `), frame]))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const gone = (): void => reject(new Error('the connection was closed'))
    socket.once('close', gone)
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    await promise.finally(() => socket.off('close', gone))
  }
}

function open(url: URL, onGone: () => void): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const place = { host: hostOf(url), port: portOf(url) }
  const secure = url.protocol === 'syslog+tls:'
  const name = isIPv6(place.host) || /^[\d.]+$/.test(place.host) ? {} : { servername: place.host }
  const socket = secure ? connectTls({ ...place, ...name }) : connect(place)
  socket.unref().setKeepAlive(true, timeoutMs)
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`timed out after ${timeoutMs / 1000} s`)))
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    socket.setTimeout(0)
    resolve(socket)
  })
  // Data is ignored, but must be read for the end to be noticed.
  socket.resume()
  socket.on('error', reject)
  socket.once('close', () => {
    onGone()
    reject(new Error('the connection was closed'))
  })
  return promise
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? ports[protocol as keyof typeof ports] : Number(port)
}

/** A line of the log. */
export interface LogRecord {
  text: string
  /** ISO 8601. */
  time: string
  /** Of syslog: 3 is an error, 6 information, 7 for debugging. */
  severity: number
  /** Name of the event, if the line is one. */
  event: string | undefined
  /** The line, if it is a JSON object. */
  object: object | undefined
}

const information = 6
/** Lowest level of pino with its severity. */
const levels = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const
const debugging = 7

/** Parses a line: an event, an object as pino writes it, or any text. */
export function readRecord(text: string, now = new Date()): LogRecord {
  const object = parse(text)
  const { time, level, event } = (object ?? {}) as { time?: unknown; level?: unknown; event?: unknown }
  const written = typeof time === 'string' || typeof time === 'number' ? new Date(time) : now
  return {
    text,
    time: (Number.isNaN(written.getTime()) ? now : written).toISOString(),
    severity: typeof level === 'number' ? severityOf(level) : information,
    event: typeof event === 'string' && /^[\x21-\x7e]{1,32}$/.test(event) ? event : undefined,
    object,
  }
}

function severityOf(level: number): number {
  return levels.find(([least]) => level >= least)?.[1] ?? debugging
}

function parse(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
