import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { connect, isIPv6, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Collector } from './collector.ts'
import type { Record } from './record.ts'

/** Messages of a user's program. */
const facility = 1
const ports = { 'syslog+udp:': 514, 'syslog+tcp:': 601, 'syslog+tls:': 6514 } as const
/** What every receiver must take. RFC 5426, 3.2 */
const longestDatagram = 2048
const patienceMs = 10_000

/** A record as RFC 5424 wants it. */
export function syslogMessage({ severity, time, event, text }: Record, hostname: string): string {
  return `<${facility * 8 + severity}>1 ${time} ${hostname} nodeos - ${event ?? '-'} - ${text}`
}

/** Over UDP, RFC 5426: one message a datagram; nobody says whether it arrived. */
export function syslogUdp(url: URL, hostname: string): Collector {
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

/** Over TCP, RFC 6587, or TLS, RFC 5425: each message after its length. */
export function syslogStream(url: URL, hostname: string): Collector {
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
  socket.unref().setKeepAlive(true, patienceMs)
  socket.setTimeout(patienceMs, () => socket.destroy(new Error(`timed out after ${patienceMs / 1000} s`)))
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    socket.setTimeout(0)
    resolve(socket)
  })
  // It says nothing; but that it ends must be seen.
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
