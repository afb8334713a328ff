import { decodeAnswer, encodeQuestion } from './packet.ts'

export interface QueryOptions {
  /** Milliseconds to wait for the answer. */
  timeout: number
  port?: number
  /** Wall clock, milliseconds since 1970. */
  wall: () => number
  /** Monotonic clock, milliseconds. */
  now: () => number
  nonce: () => Uint8Array
}

export interface Reading {
  /** Milliseconds that the wall clock is behind the server's; negative when it is ahead. */
  offset: number
  /** Milliseconds that question and answer were under way: the offset is wrong by at most half of it. */
  delay: number
  stratum: number
}

const ntpPort = 123

/**
 * Asks one server for the time. Keeps no process alive.
 *
 * @throws when the server cannot be reached or gives no usable answer in time
 */
export async function querySntp(server: string, options: QueryOptions): Promise<Reading> {
  const { createSocket } = process.getBuiltinModule('node:dgram')
  const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4')
  socket.unref()
  try {
    return await new Promise<Reading>((resolve, reject) => {
      const nonce = options.nonce()
      const timeout = setTimeout(
        () => reject(new Error(`no valid response within ${options.timeout} ms`)),
        options.timeout,
      )
      timeout.unref()
      let asked = 0
      let wallAsked = 0
      socket.on('error', reject)
      socket.on('message', (bytes) => {
        const delay = options.now() - asked
        const wallAnswered = wallAsked + delay
        const answer = decodeAnswer(bytes, nonce, wallAnswered)
        if (answer === undefined) return
        clearTimeout(timeout)
        resolve({
          offset: (answer.receivedAt - wallAsked + (answer.sentAt - wallAnswered)) / 2,
          delay: delay - (answer.sentAt - answer.receivedAt),
          stratum: answer.stratum,
        })
      })
      // Connected, the kernel passes on what comes from this server only.
      socket.connect(options.port ?? ntpPort, server, (error?: Error) => {
        if (error) return reject(error)
        asked = options.now()
        wallAsked = options.wall()
        socket.send(encodeQuestion(nonce), (error) => {
          if (error) reject(error)
        })
      })
    })
  } finally {
    socket.close()
  }
}
