import {
  type Answer,
  chunksOf,
  type Hello,
  Lines,
  longestLine,
  type Params,
  portName,
  type Request,
} from '../../contract/control.ts'
import { failureOf, type Send } from '../messages.ts'

/** Handles one kind of request. The response contains the error that it throws. */
export type Method = (params: Params, send: Send) => unknown

/** Sends lines; resolves when they are written. */
export type Write = (text: string) => Promise<void>

/** The machine's end of the channel: receives bytes and responds to requests, concurrently. */
export class Server {
  readonly #methods: Record<string, Method>
  readonly #write: Write
  readonly #lines: Lines
  /** Counts conversations: responses of an earlier one are not sent. */
  #conversation = 0

  constructor(methods: Record<string, Method>, write: Write) {
    this.#methods = methods
    this.#write = write
    this.#lines = new Lines(
      longestLine,
      (line) => void this.#take(line),
      () => void this.#refuse(`a line is longer than ${longestLine} bytes`),
    )
  }

  push(data: Buffer): void {
    this.#lines.push(data)
  }

  /** Ends the conversation, because the host has disconnected. */
  hangUp(): void {
    this.#conversation += 1
    this.#lines.forget()
  }

  async #take(line: string): Promise<void> {
    if (line.trim() === '') {
      this.#conversation += 1
      return this.greet()
    }
    const request = parse(line)
    if (request === undefined)
      return this.#refuse('invalid request: must be a JSON object with id and method')
    return this.#answer(request)
  }

  /** Sends the greeting, which identifies the process. */
  async greet(): Promise<void> {
    const hello: Hello = { hello: portName, pid: process.pid, started: performance.timeOrigin }
    // The line break ends a response that an earlier conversation left unfinished.
    await this.#write(`\n${JSON.stringify(hello)}\n`)
  }

  async #answer({ id, method, params }: Request): Promise<void> {
    const conversation = this.#conversation
    const say = async (answer: Answer): Promise<void> => {
      if (conversation !== this.#conversation) throw new Error('the host disconnected')
      await this.#write(`${JSON.stringify(answer)}\n`)
    }
    const run = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined
    try {
      if (run === undefined) {
        throw new Error(
          `unknown method ${JSON.stringify(method)}; known: ${Object.keys(this.#methods).join(', ')}`,
        )
      }
      const send: Send = async (part) => {
        for (const chunk of chunksOf(part)) await say({ id, chunk })
      }
      const result = (await run(params, send)) ?? null
      await say({ id, result })
    } catch (error) {
      await say({ id, error: failureOf(error) }).catch(() => undefined)
    }
  }

  async #refuse(message: string): Promise<void> {
    await this.#write(`${JSON.stringify({ id: null, error: { message } } satisfies Answer)}\n`)
  }
}

function parse(line: string): Request | undefined {
  try {
    const { id, method, params = {} } = JSON.parse(line) as Partial<Request>
    if (typeof id !== 'string' || typeof method !== 'string') return undefined
    return typeof params === 'object' && params !== null ? { id, method, params } : undefined
  } catch {
    return undefined
  }
}
