import { rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { UserError } from '../../config/lib/errors.ts'
import type { ProcessMark } from '../../config/lib/process.ts'
import type { Report } from '../target.ts'

/** What the service of a host is asked: one JSON line. */
export interface Request {
  verb: string
  appliance: string
  /** Of a release. */
  number?: number
  follow?: boolean
  /** Whether it is meant for the data, too. */
  data?: boolean
  /** git's process that takes a push. */
  pusher?: ProcessMark
}

/** Who asked. */
export interface Caller {
  /** Prints on the caller's side, as it is. */
  print: (text: string) => void
  /** Aborted when the caller has gone. */
  gone: AbortSignal
}

type Answer = { print: string } | { report: Report } | { error: string; hint?: string }

/** Answers requests on a Unix socket. Whoever may write into its folder is who runs the service. */
export async function listen(
  path: string,
  answer: (request: Request, caller: Caller) => Promise<Report>,
): Promise<Server> {
  await rm(path, { force: true })
  const server = createServer((socket) => {
    const left = new AbortController()
    const send = (message: Answer): void => void socket.write(`${JSON.stringify(message)}\n`)
    socket.on('error', () => undefined).on('close', () => left.abort())
    // It says again what the socket has said of errors.
    const lines = createInterface({ input: socket }).on('error', () => undefined)
    lines.once('line', (line) => {
      const caller = { print: (text: string) => send({ print: text }), gone: left.signal }
      const answered = async (): Promise<Report> => answer(JSON.parse(line) as Request, caller)
      answered()
        .then(
          (report) => send({ report }),
          (error: unknown) => send(asAnswer(error)),
        )
        .finally(() => socket.end())
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
  return server
}

function asAnswer(error: unknown): Answer {
  if (error instanceof UserError) {
    return { error: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
  }
  return { error: `bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` }
}

/** There is no service, or it ended before it answered. */
export class ServiceAbsent extends UserError {
  constructor(cause?: unknown) {
    super("the host's service is not running", { hint: 'start it on the host: npm run host', cause })
  }
}

/** A request under way: it is withdrawn when its connection is closed. */
export interface Call {
  report: Promise<Report>
  withdraw(): void
}

/**
 * Asks the service of a host.
 *
 * @throws {UserError} what the service says, or that there is none
 */
export function call(path: string, request: Request, print: (text: string) => void): Call {
  const socket = connect(path)
  return { report: answered(socket, request, print), withdraw: () => socket.destroy() }
}

function answered(socket: Socket, request: Request, print: (text: string) => void): Promise<Report> {
  return new Promise((resolve, reject) => {
    const absent = (cause?: unknown): void => reject(new ServiceAbsent(cause))
    socket.once('error', absent)
    socket.once('close', () => absent())
    createInterface({ input: socket })
      .on('error', () => undefined)
      .on('line', (line) => {
        const answer = JSON.parse(line) as Answer
        if ('print' in answer) print(answer.print)
        else if ('report' in answer) resolve(answer.report)
        else reject(new UserError(answer.error, answer.hint === undefined ? {} : { hint: answer.hint }))
      })
    socket.write(`${JSON.stringify(request)}\n`)
  })
}
