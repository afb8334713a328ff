import type { Socket } from 'node:net'

export interface Question {
  port: number
  path: string
  secure: boolean
}

/**
 * The status of an HTTP response, or why no response came. `closed` is a connection that was accepted and closed without a
 * response, which a server that expects TLS does, too.
 */
export type Answer = number | 'refused' | 'timed out' | 'closed' | 'not HTTP'

export interface AskOptions {
  /** Milliseconds to wait for the response. */
  timeoutMs: number
  /** Whether the request keeps the process alive. */
  ref: boolean
}

const background: AskOptions = { timeoutMs: 5000, ref: false }
const statusLine = /^HTTP\/1\.[01] (\d{3})/

/** Sends a request over loopback or to an address of the machine. Does not keep the process alive. */
export async function ask(question: Question, address?: string): Promise<Answer> {
  if (address !== undefined && !isWildcard(address)) return askAt(address, question, background)
  const answer = await askAt('127.0.0.1', question, background)
  return answer === 'refused' ? askAt('::1', question, background) : answer
}

function isWildcard(address: string): boolean {
  return address === '::' || address === '0.0.0.0'
}

/** Sends a request over a plain socket: loading an HTTP client would cost more than the response. */
export function askAt(
  host: string,
  { port, path, secure }: Question,
  { timeoutMs, ref }: AskOptions,
): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const socket = connect(host, port, secure)
  let connected = false
  let text = ''
  const finish = (answer: Answer): void => {
    socket.destroy()
    resolve(answer)
  }
  const end = (): void => finish(!connected ? 'refused' : text === '' ? 'closed' : 'not HTTP')
  if (!ref) socket.unref()
  socket.setTimeout(timeoutMs, () => finish('timed out'))
  socket.on('error', end)
  socket.on('close', end)
  socket.on('connect', () => (connected = true))
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1')
    const status = statusLine.exec(text)?.[1]
    if (status !== undefined) finish(Number(status))
    else if (text.length > 'HTTP/1.1 200'.length) finish('not HTTP')
  })
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\nUser-Agent: nodeos\r\n\r\n`,
  )
  return promise
}

/** The health check does not verify the server's certificate. */
function connect(host: string, port: number, secure: boolean): Socket {
  if (!secure) return process.getBuiltinModule('node:net').connect({ host, port })
  return process.getBuiltinModule('node:tls').connect({ host, port, rejectUnauthorized: false })
}

/** Where a server listens: an address and a TCP port, or the path of a Unix socket. */
export type Place = { address: string; port: number } | { path: string }

/** Formats a place: `127.0.0.1:80`, `[::]:80`, or the path of a Unix socket. */
export function placeName(place: Place): string {
  if ('path' in place) return place.path
  return place.address.includes(':') ? `[${place.address}]:${place.port}` : `${place.address}:${place.port}`
}

/** Whether only the machine itself can reach an address. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
