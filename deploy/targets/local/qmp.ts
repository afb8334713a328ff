import { connect } from 'node:net'
import { createInterface } from 'node:readline'

interface Answer {
  return?: unknown
  error?: { class: string; desc: string }
}

const timeoutMs = 5000

/**
 * Runs one QMP command on a machine's control socket.
 *
 * @returns what QEMU returns
 * @throws when nobody answers, or QEMU refuses
 */
export function qmp(socketPath: string, execute: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(timeoutMs, () => fail(new Error(`QEMU does not answer on ${socketPath}`)))
    socket.on('error', fail)
    socket.on('close', () => reject(new Error(`QEMU closed ${socketPath}`)))
    let returned = 0
    // It says again what the socket has said of errors.
    const lines = createInterface({ input: socket }).on('error', () => undefined)
    lines.on('line', (line) => {
      const answer = JSON.parse(line) as Answer
      if (answer.error !== undefined) return fail(new Error(`QMP ${execute}: ${answer.error.desc}`))
      if (answer.return === undefined) return undefined
      returned += 1
      if (returned < 2) return undefined
      resolve(answer.return)
      return socket.end()
    })
    socket.write(`{"execute":"qmp_capabilities"}\n${JSON.stringify({ execute })}\n`)
  })
}
