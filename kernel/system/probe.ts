import type { Socket } from 'node:net'

export interface Question {
  port: number
  path: string
  secure: boolean
}

/** Status of an HTTP answer; `none` when nobody answers, `not HTTP` when what comes back is something else. */
export type Answer = number | 'none' | 'not HTTP'

export interface AskOptions {
  /** Milliseconds after which nobody answers. */
  timeoutMs: number
  /** Whether the question keeps the process alive. */
  ref: boolean
}

const background: AskOptions = { timeoutMs: 5000, ref: false }
const statusLine = /^HTTP\/1\.[01] (\d{3})/

/** Asks over loopback, and keeps no process alive with it. */
export async function ask(question: Question): Promise<Answer> {
  const answer = await askAt('127.0.0.1', question, background)
  return answer === 'none' ? askAt('::1', question, background) : answer
}

/** Asks with a bare socket: an HTTP client would cost more than the answer. */
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
  if (!ref) socket.unref()
  socket.setTimeout(timeoutMs, () => finish('none'))
  socket.on('error', () => finish(connected ? 'not HTTP' : 'none'))
  socket.on('close', () => finish(connected ? 'not HTTP' : 'none'))
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

/** The certificate of a server that is asked for its health is not in question. */
function connect(host: string, port: number, secure: boolean): Socket {
  if (!secure) return process.getBuiltinModule('node:net').connect({ host, port })
  return process.getBuiltinModule('node:tls').connect({ host, port, rejectUnauthorized: false })
}
