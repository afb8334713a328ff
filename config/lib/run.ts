import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hasCode, UserError } from './errors.ts'
import { missingProgram, requireProgram } from './find.ts'

export type Argv = readonly [string, ...string[]]

export interface RunOptions {
  /** The purpose of the program; completes "could not". */
  purpose: string
  cwd?: string
  /** Added to the environment of this process; undefined removes a variable. */
  env?: Record<string, string | undefined>
  /** Standard input; empty when left out. */
  input?: string
}

export interface StreamOptions extends RunOptions {
  /** Ends the program. Its reason becomes the error if it is a UserError. */
  signal?: AbortSignal
  timeoutMs?: number
  /** How stdout is decoded; `latin1` keeps every byte. Default: UTF-8. */
  encoding?: BufferEncoding
  /** Called with output when it arrives. */
  onStdout?: (text: string) => void
  onStderr?: (text: string) => void
  /** Receives the bytes of stdout, which are not collected then. */
  stdout?: Writable
  /** The program reads from and writes to this terminal: nothing is collected. */
  terminal?: boolean
}

/** How a program ended, and what it printed. */
export interface Result {
  /** 128 + n when signal n ended it. */
  status: number
  stdout: string
  stderr: string
}

/**
 * Runs a program and returns its stdout.
 *
 * @throws {UserError} when it is missing, fails, times out or is interrupted, with the end of what it printed
 */
export async function run(argv: Argv, options: StreamOptions): Promise<string> {
  return succeeded(argv, options, await tryRun(argv, options))
}

/** Runs a program that may fail. @throws {UserError} when it is missing, times out or is interrupted */
export async function tryRun([name, ...args]: Argv, options: StreamOptions): Promise<Result> {
  const { purpose, cwd, env, input, signal, timeoutMs, encoding = 'utf8', terminal } = options
  const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]
  const ends = AbortSignal.any([...(signal === undefined ? [] : [signal]), ...limit])
  const child = spawn(requireProgram(name, purpose), args, {
    stdio: terminal === true ? 'inherit' : [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    signal: ends,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const result = { status: 0, stdout: '', stderr: '' }
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const work: Promise<unknown>[] = [ended]
  // A program may end without reading its input.
  child.stdin?.on('error', () => undefined).end(input)
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    result.stderr += text
    options.onStderr?.(text)
  })
  if (child.stdout !== null && options.stdout !== undefined) {
    work.push(pipeline(child.stdout, options.stdout))
  } else {
    child.stdout?.setEncoding(encoding).on('data', (text: string) => {
      result.stdout += text
      options.onStdout?.(text)
    })
  }
  try {
    await Promise.all(work)
    result.status = statusOf(...(await ended))
  } catch (error) {
    if (!ends.aborted) throw hasCode(error, 'ENOENT') ? missingProgram(name, purpose) : error
  }
  if (signal?.aborted === true) {
    if (signal.reason instanceof UserError) throw signal.reason
    throw new UserError(`could not ${purpose}: interrupted`)
  }
  if (ends.aborted)
    throw new UserError(`could not ${purpose}: ${name} timed out after ${(timeoutMs ?? 0) / 1000} s`)
  return result
}

/**
 * Runs a program while this process waits, and returns its stdout: for steps that have nothing else to do.
 *
 * @throws {UserError} when it is missing or fails, with the end of what it printed
 */
export function runSync(argv: Argv, options: RunOptions): string {
  return succeeded(argv, options, tryRunSync(argv, options))
}

/** Runs a program that may fail while this process waits. @throws {UserError} when it is missing */
export function tryRunSync([name, ...args]: Argv, { purpose, cwd, env, input }: RunOptions): Result {
  // shell.cmd takes arguments for patterns of file names, and fails when a program does not read its input.
  const { status, signal, stdout, stderr } = spawnSync(requireProgram(name, purpose), args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, ...env },
    input: input ?? '',
    ...(cwd === undefined ? {} : { cwd }),
  })
  return { status: statusOf(status, signal), stdout, stderr }
}

function statusOf(status: number | null, signal: NodeJS.Signals | null): number {
  return status ?? 128 + constants.signals[signal ?? 'SIGKILL']
}

function succeeded([name]: Argv, { purpose }: RunOptions, { status, stdout, stderr }: Result): string {
  if (status === 0) return stdout
  throw new UserError(`could not ${purpose}: ${name} exited with status ${status}`, {
    hint: tail(stderr || stdout, 15),
  })
}

/** Returns the last lines of a text. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}

/** Makes a function that takes text as it arrives and calls `each` with every complete line. */
export function byLine(each: (line: string) => void): (text: string) => void {
  let pending = ''
  return (text) => {
    const lines = (pending + text).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) each(line)
  }
}

/** Quotes a command for a shell: it reads the line as exactly these words. */
export function shellLine(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}
