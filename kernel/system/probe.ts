import type { Socket } from 'node:net'

export interface Question {
  port: number
  path: string
  secure: boolean
}

/** Status of an HTTP answer; `none` when nobody answers, `not HTTP` when what comes back is something else. */
export type Answer = number | 'none' | 'not HTTP'

const answerMs = 5000
const statusLine = /^HTTP\/1\.[01] (\d{3})/

/** Asks over loopback, with a bare socket: an HTTP client would cost more than the answer. */
export async function ask(question: Question): Promise<Answer> {
  const answer = await askAt('127.0.0.1', question)
  return answer === 'none' ? askAt('::1', question) : answer
}

function askAt(host: string, { port, path, secure }: Question): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const socket = connect(host, port, secure)
  let connected = false
  let text = ''
  const finish = (answer: Answer): void => {
    socket.destroy()
    resolve(answer)
  }
  socket.unref()
  socket.setTimeout(answerMs, () => finish('none'))
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
