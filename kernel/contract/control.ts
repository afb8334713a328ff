/**
 * The protocol of the control channel: JSON, one object a line, in both directions. An empty line from the host begins a
 * conversation: the machine ends the previous one and responds with a `Hello`, which it also sends when it starts.
 */

/** Name of the virtio-serial port. */
export const portName = 'nodeos.control'

/** Longest line, in bytes; a longer one is dropped. */
export const longestLine = 2 ** 20

/** Most bytes of a large result in one line. */
const chunkBytes = 48 * 1024

export interface Hello {
  hello: typeof portName
  /** Of the process that responds. */
  pid: number
  /** When the process started, in milliseconds since 1970; it changes when Node is restarted. */
  started: number
}

export interface Request {
  /** Chosen by the host. */
  id: string
  method: string
  params: Params
}

export type Params = Record<string, unknown>

/** The response to a request: any number of chunks, then a result or an error. The id is null for invalid requests. */
export type Answer =
  | { id: string; chunk: string }
  | { id: string; result: unknown }
  | { id: string | null; error: Failure }

export interface Failure {
  message: string
  /** Stack of code that the host sent. */
  stack?: string
}

/** Methods of the machine. */
export interface Methods {
  status: { params: Params; result: Status }
  /** The chunks are a .cpuprofile. */
  'profile.cpu': { params: { seconds: number; worker?: number }; result: null }
  /** The chunks are a .heapsnapshot. */
  'profile.heap': { params: { worker?: number }; result: null }
  /** The diagnostic reports, newest first. With a name, the chunks are that report. */
  reports: { params: { name?: string }; result: ReportFile[] }
  /** The result is the value as `util.inspect` formats it. */
  repl: { params: { source: string; colors?: boolean; worker?: number }; result: string }
  /** Resolves when the restart has begun. */
  'app.restart': { params: Params; result: null }
}

export interface Status {
  /** Seconds since the kernel started. */
  uptime: number
  pid: number
  /** Version of Node. */
  node: string
  /** Bytes. */
  memory: { total: number; free: number; rss: number; heapUsed: number; heapLimit: number }
  /** Empty with a single process. */
  workers: { worker: number; pid: number; restarts: number }[]
}

export interface ReportFile {
  name: string
  bytes: number
}

/** Splits large data into chunks that fit in a line each, as base64. */
export function* chunksOf(data: Uint8Array): Generator<string> {
  for (let from = 0; from < data.length; from += chunkBytes) {
    yield Buffer.from(data.subarray(from, from + chunkBytes)).toString('base64')
  }
}

/** Splits a stream of bytes into lines, and buffers at most one line of a given length. */
export class Lines {
  #parts: Buffer[] = []
  #bytes = 0
  #tooLong = false
  readonly #longest: number
  readonly #onLine: (line: string) => void
  readonly #onTooLong: () => void

  /**
   * @param longest bytes of a line without its end
   * @param onTooLong called at the end of each longer line, which is dropped
   */
  constructor(longest: number, onLine: (line: string) => void, onTooLong: () => void = () => {}) {
    this.#longest = longest
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(data: Buffer): void {
    let from = 0
    for (let end = data.indexOf('\n'); end >= 0; end = data.indexOf('\n', from)) {
      this.#keep(data.subarray(from, end))
      this.#finish()
      from = end + 1
    }
    this.#keep(data.subarray(from))
  }

  /** Drops the part of an unfinished line. */
  forget(): void {
    this.#parts = []
    this.#bytes = 0
    this.#tooLong = false
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length
    this.#tooLong ||= this.#bytes > this.#longest
    if (this.#tooLong) this.#parts = []
    // A copy: the caller reads the next bytes into the same buffer.
    else if (part.length > 0) this.#parts.push(Buffer.from(part))
  }

  #finish(): void {
    const [line, tooLong] = [Buffer.concat(this.#parts).toString('utf8'), this.#tooLong]
    this.forget()
    if (tooLong) this.#onTooLong()
    else this.#onLine(line)
  }
}
