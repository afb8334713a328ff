import { emit } from './event.ts'

export interface HealthCheck {
  /** HTTP path that answers 200 when the app is well. */
  path: string
  port: number
  /** Seconds after power-on at which hope is given up. */
  timeout: number
}

const retryMs = 200
const answerMs = 5000

/**
 * Asks the app over loopback until it answers 200, and prints how long that took from power-on.
 * Asked with a bare socket: an HTTP client would cost more than the answer.
 */
export async function awaitHealth(check: HealthCheck): Promise<void> {
  const { path, port, timeout } = check
  for (let attempt = 1; ; attempt++) {
    const answer = (await ask('127.0.0.1', port, path)) ?? (await ask('::1', port, path))
    if (answer === 200) return emit('health', 'health.ok', { path, port, attempt })
    if (process.hrtime()[0] > timeout) {
      return emit('health', 'health.failed', { path, port, attempt, answer: answer ?? 'no answer' })
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs).unref())
  }
}

/** Status of the answer, or undefined when there is none. */
function ask(host: string, port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = process.getBuiltinModule('node:net').connect({ host, port })
    const finish = (status?: number): void => {
      socket.destroy()
      resolve(status)
    }
    socket.unref()
    socket.setTimeout(answerMs, () => finish())
    socket.on('error', () => finish()).on('end', () => finish())
    socket.on('data', (data: Buffer) => {
      const [, status] = /^HTTP\/1\.\d (\d{3})/.exec(data.toString('latin1', 0, 16)) ?? []
      finish(status === undefined ? undefined : Number(status))
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\nUser-Agent: nodeos\r\n\r\n`)
  })
}
