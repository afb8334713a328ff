import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { UserError } from '../../config/lib/errors.ts'
import { isObject, parseOr } from '../../config/lib/json.ts'
import { formatBytes } from '../../config/lib/units.ts'
import { Lines } from '../../kernel/contract/control.ts'
import type { Answer, Failure, Hello, Methods } from '../../kernel/contract/control.ts'

export interface CallOptions {
  /** Gets the parts of a large result, in order. */
  onChunk?: (part: Buffer) => void
}

/** A conversation with a machine. */
export interface Control {
  /**
   * Asks for something; calls may run side by side.
   *
   * @throws {ControlError} when the machine refuses, or is gone
   */
  call<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    options?: CallOptions,
  ): Promise<Methods[M]['result']>
  /** Ends the conversation, and with an error the calls that run. */
  close(): void
}

/** The error with which a machine responds. */
export class ControlError extends UserError {
  override name = 'ControlError'
  /** Of the code that ran in the machine. */
  readonly remoteStack: string | undefined

  constructor({ message, stack }: Failure) {
    super(message)
    this.remoteStack = stack
  }
}

interface Call extends CallOptions {
  resolve: (result: never) => void
  reject: (error: Error) => void
}

const helloMs = 15_000
/** Longest line of an answer, in bytes. */
const longestAnswer = 16 * 2 ** 20

/**
 * Begins a conversation on a connection to a control channel.
 *
 * @throws {UserError} when nothing answers in 15 seconds
 */
export async function openControl(connection: Duplex): Promise<Control> {
  const calls = new Map<string, Call>()
  const greeted = Promise.withResolvers<void>()
  let started: number | undefined
  const fail = (error: Error): void => {
    greeted.reject(error)
    for (const { reject } of calls.values()) reject(error)
    calls.clear()
  }
  const greet = ({ started: now }: Hello): void => {
    if (started !== undefined && started !== now)
      fail(new ControlError({ message: 'Node restarted in the meantime' }))
    started = now
    greeted.resolve()
  }
  const take = (answer: Answer): void => {
    const call = calls.get(answer.id ?? '')
    if (call === undefined) return
    if ('chunk' in answer) return call.onChunk?.(Buffer.from(answer.chunk, 'base64'))
    calls.delete(answer.id ?? '')
    if ('error' in answer) call.reject(new ControlError(answer.error))
    else call.resolve(answer.result as never)
  }
  const lines = new Lines(
    longestAnswer,
    (line) => {
      const message = parse(line)
      if (message === undefined) return
      if ('hello' in message) greet(message)
      else take(message)
    },
    () => fail(new ControlError({ message: `a response was longer than ${formatBytes(longestAnswer)}` })),
  )
  connection.on('data', (data: Buffer) => lines.push(data))
  connection.on('error', (error) => fail(unreachable(error.message)))
  connection.on('close', () => fail(new ControlError({ message: 'the machine closed its control channel' })))
  // An empty line begins a conversation.
  connection.write('\n')
  const late = setTimeout(() => fail(unreachable('no response within 15 s')), helloMs)
  await greeted.promise
    .finally(() => clearTimeout(late))
    .catch((error: unknown) => {
      connection.destroy()
      throw error
    })
  return {
    call(method, params, options = {}) {
      const id = randomUUID()
      return new Promise((resolve, reject) => {
        calls.set(id, { ...options, resolve, reject })
        connection.write(`${JSON.stringify({ id, method, params })}\n`)
      })
    },
    close() {
      fail(new UserError('interrupted: closed the connection to the machine'))
      connection.destroy()
    },
  }
}

function parse(line: string): Answer | Hello | undefined {
  const message = parseOr<unknown>(line, undefined)
  return isObject(message) && ('id' in message || 'hello' in message)
    ? (message as unknown as Answer | Hello)
    : undefined
}

function unreachable(reason: string): UserError {
  return new UserError(`the machine's control channel: ${reason}`, {
    hint: 'Another command may be using the channel, or the app is too busy to respond. npm run deploy:logs   shows the console',
  })
}
