import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'

/** Where requests go, and how. */
export interface Load {
  port: number
  path: string
  /** Requests under way at a time, each on a connection of its own. */
  connections: number
  /** Each request has a new connection. */
  fresh?: boolean
  /** PEM of the certificate that the server must show: then it is spoken to by TLS. */
  certificate?: string
}

/** Clients that ask again as soon as they are answered. */
export interface Clients {
  /** Sends so many requests, and returns how long each took until its answer was whole, in milliseconds, sorted. */
  run(requests: number): Promise<number[]>
  close(): void
}

const host = '127.0.0.1'
/** A guest that is emulated answers in milliseconds. */
const patienceMs = 30_000
/** One that every side can, so that all are compared with the same. */
const ciphers = 'TLS_AES_128_GCM_SHA256'

/** Opens the connections, or none when each request has its own. */
export async function openClients(load: Load): Promise<Clients> {
  const { connections, fresh = false, path } = load
  const closing = fresh ? 'connection: close\r\n' : ''
  const request = `GET ${path} HTTP/1.1\r\nhost: bench.test\r\nuser-agent: bench\r\naccept: */*\r\n${closing}\r\n`
  const kept: Exchanges[] = []
  if (!fresh) for (let opened = 0; opened < connections; opened++) kept.push(new Exchanges(await dial(load)))
  return {
    async run(requests) {
      const latencies: number[] = []
      let left = requests
      const client = async (exchanges: Exchanges | undefined): Promise<void> => {
        while (left > 0) {
          left -= 1
          const started = performance.now()
          const used = exchanges ?? new Exchanges(await dial(load))
          await used.ask(request)
          latencies.push(performance.now() - started)
          if (exchanges === undefined) used.socket.destroy()
        }
      }
      await Promise.all(Array.from({ length: connections }, (_, index) => client(kept[index])))
      return latencies.toSorted((a, b) => a - b)
    },
    close() {
      for (const { socket } of kept) socket.destroy()
    },
  }
}

async function dial({ port, certificate }: Load): Promise<Socket> {
  const secure = certificate !== undefined
  const socket = secure
    ? connectTls({ host, port, ca: certificate, ciphers, servername: 'bench.test' })
    : connectTcp({ host, port, noDelay: true })
  await once(socket, secure ? 'secureConnect' : 'connect')
  return socket.setTimeout(patienceMs, () => socket.destroy(new Error('the proxy timed out')))
}

/** Requests on one connection, one after the other. */
class Exchanges {
  readonly socket: Socket
  readonly #reader = new ResponseReader()
  #settle: PromiseWithResolvers<void> | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => this.#settle?.reject(error))
    socket.on('close', () => this.#settle?.reject(new Error('the proxy closed the connection')))
  }

  /** Resolves when the answer is whole. @throws when it is not a 200 */
  ask(request: string): Promise<void> {
    this.#settle = Promise.withResolvers()
    this.socket.write(request)
    return this.#settle.promise
  }

  #take(chunk: Buffer): void {
    try {
      if (this.#reader.take(chunk)) this.#settle?.resolve()
    } catch (error) {
      this.socket.destroy(error as Error)
    }
  }
}

/** Recognises the end of each answer of a kept connection; cheap, for it runs beside the machine that is measured. */
export class ResponseReader {
  #head = ''
  /** Bytes of the body that are to come; -1 while the headers are. */
  #missing = -1

  /** Takes what has come; true when with it an answer is whole. @throws at an answer that is not 200 */
  take(chunk: Buffer): boolean {
    if (this.#missing >= 0) return this.#count(chunk.length)
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return false
    const headers = this.#head.slice(0, end)
    if (!headers.startsWith('HTTP/1.1 200 '))
      throw new Error(`expected a 200 response, got ${headers.split('\r\n')[0]}`)
    const length = /^content-length: *(\d+)/im.exec(headers)?.[1]
    if (length === undefined) throw new Error(`response without content-length:\n${headers}`)
    const body = this.#head.length - end - 4
    this.#head = ''
    this.#missing = Number(length)
    return this.#count(body)
  }

  #count(bytes: number): boolean {
    this.#missing -= bytes
    if (this.#missing > 0) return false
    if (this.#missing < 0) throw new Error('the proxy sent more bytes than one response')
    this.#missing = -1
    return true
  }
}
