import { rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { UserError } from '../../config/lib/errors.ts'
import type { ProcessMark } from '../../config/lib/process.ts'
import type { Report } from '../target.ts'

/** A request to the service of a host: one JSON line. */
export interface Request {
  verb: string
  appliance: string
  /** Number of a release. */
  number?: number
  follow?: boolean
  /** Whether the verb applies to the data, too. */
  data?: boolean
  /** The git process that receives a push. */
  pusher?: ProcessMark
}

/** The program that sent a request. */
export interface Caller {
  /** Prints on the caller's side. */
  print: (text: string) => void
  /** Aborted when the caller disconnects. */
  gone: AbortSignal
}

type Answer = { print: string } | { report: Report } | { error: string; hint?: string }

/** Serves requests on a Unix socket. Its folder belongs to the user of the service, who alone can connect. */
export async function listen(
  path: string,
  answer: (request: Request, caller: Caller) => Promise<Report>,
): Promise<Server> {
  await rm(path, { force: true })
  const server = createServer((socket) => {
    const left = new AbortController()
    const send = (message: Answer): void => void socket.write(`${JSON.stringify(message)}\n`)
    socket.on('error', () => undefined).on('close', () => left.abort())
    // readline repeats the errors of the socket.
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

/** The service does not run, or ended before it responded. */
export class ServiceAbsent extends UserError {
  constructor(cause?: unknown) {
    super("the host's service is not running", { hint: 'start it on the host: npm run host', cause })
  }
}

/** A request in flight: closing its connection withdraws it. */
export interface Call {
  report: Promise<Report>
  withdraw(): void
}

/**
 * Sends a request to the service of a host.
 *
 * @throws {UserError} the error of the service; {@link ServiceAbsent} when it does not run
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
