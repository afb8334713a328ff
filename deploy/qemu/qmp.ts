import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { parseOr } from '../../config/lib/json.ts'

interface Response {
  return?: unknown
  error?: { class: string; desc: string }
}

const timeoutMs = 5000

/**
 * Runs one QMP command on a machine's control socket.
 *
 * @returns the response of QEMU
 * @throws if QEMU does not respond, or rejects the command
 */
export function qmp(socketPath: string, execute: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(timeoutMs, () => fail(new Error(`QEMU does not respond on ${socketPath}`)))
    socket.on('error', fail)
    socket.on('close', () => reject(new Error(`QEMU closed ${socketPath}`)))
    let returned = 0
    const lines = createInterface({ input: socket })
    // Errors of the socket are emitted here, too; without a listener, they would end the process.
    lines.on('error', fail)
    lines.on('line', (line) => {
      const response = parseOr<Response | undefined>(line, undefined)
      if (response === undefined)
        return fail(new Error(`QMP ${execute}: invalid response from QEMU: ${line}`))
      if (response.error !== undefined) return fail(new Error(`QMP ${execute}: ${response.error.desc}`))
      if (response.return === undefined) return undefined
      returned += 1
      if (returned < 2) return undefined
      resolve(response.return)
      return socket.end()
    })
    socket.write(`{"execute":"qmp_capabilities"}\n${JSON.stringify({ execute })}\n`)
  })
}
