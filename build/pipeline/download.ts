import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'

export interface DownloadOptions {
  /** The size that is expected: nothing longer is read. */
  bytes?: number
  /** Called with the bytes received so far, and with the size if it is known. */
  update?: (received: number, total: number | undefined) => void
  /** Milliseconds without data after which the connection is closed. */
  stallMs?: number
  /** Ends the download; its reason is thrown. */
  signal?: AbortSignal
  /** Milliseconds before the first retry; each further one waits twice as long. */
  retryMs?: number
}

const attempts = 4
const redirects = 5

/** Retrying will not help. */
class FinalError extends UserError {}

/** The server does not have the file. */
export class NotFoundError extends FinalError {}

/** What has arrived of a file. */
interface Part {
  file: FileHandle
  received: number
  /** Identifies the version that the server sent, if it named one. */
  tag: string | undefined
}

/**
 * Downloads a file. A connection that breaks or stalls is retried, and goes on where it ended if the server can do that.
 * A redirect must not leave https.
 *
 * @returns the bytes received
 * @throws {NotFoundError} when the server does not have the file
 * @throws {UserError} when it does not arrive
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<number> {
  const part: Part = { file: await open(path, 'w'), received: 0, tag: undefined }
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await receive(url, part, options)
        return part.received
      } catch (error) {
        options.signal?.throwIfAborted()
        if (error instanceof FinalError || attempt === attempts) throw asUserError(url, error)
      }
      await wait((options.retryMs ?? 1000) * 2 ** (attempt - 1), undefined, { signal: options.signal }).catch(
        () => options.signal?.throwIfAborted(),
      )
    }
  } finally {
    await part.file.close()
  }
}

/**
 * Returns whether a server has a file of this size, within a limit of milliseconds. It reads the headers of GET:
 * signed URLs, to which servers of release assets redirect, may refuse HEAD.
 */
export async function offers(url: string, bytes: number, limitMs = 10_000): Promise<boolean> {
  const response = await request(url, { signal: AbortSignal.timeout(limitMs) })
  await response.body?.cancel()
  const length = response.headers.get('content-length')
  return response.ok && (length === null || Number(length) === bytes)
}

async function receive(
  url: string,
  part: Part,
  { bytes, update, signal, stallMs = 30_000 }: DownloadOptions,
) {
  const stalled = new AbortController()
  const stall = (): void => stalled.abort(new Error(`the server sent nothing for ${stallMs / 1000} s`))
  let timer = setTimeout(stall, stallMs)
  try {
    const signals = [stalled.signal, ...(signal === undefined ? [] : [signal])]
    const response = await request(url, { headers: resumption(part), signal: AbortSignal.any(signals) })
    checkStatus(url, response)
    if (!resumes(response, part)) part.received = 0
    part.tag = response.headers.get('etag') ?? undefined
    const length = response.headers.get('content-length')
    const total = length === null ? bytes : part.received + Number(length)
    if (bytes !== undefined && total !== bytes) throw wrongSize(url, `has ${total} bytes`, bytes)
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer)
      timer = setTimeout(stall, stallMs)
      if (bytes !== undefined && part.received + chunk.length > bytes)
        throw wrongSize(url, 'sends more', bytes)
      await part.file.write(chunk, 0, chunk.length, part.received)
      part.received += chunk.length
      update?.(part.received, total)
    }
    if (total !== undefined && part.received !== total)
      throw new Error(`the connection ended after ${part.received} of ${total} bytes`)
    await part.file.truncate(part.received)
  } finally {
    clearTimeout(timer)
    stalled.abort()
  }
}

function wrongSize(url: string, what: string, bytes: number): FinalError {
  return new FinalError(`${url} ${what}, expected ${bytes} bytes`)
}

/** Asks for the rest of the same version; without a tag that proves it the same, for all of it. */
function resumption({ received, tag }: Part): Record<string, string> {
  const whole = { 'accept-encoding': 'identity' }
  if (received === 0 || tag === undefined || tag.startsWith('W/')) return whole
  return { ...whole, range: `bytes=${received}-`, 'if-range': tag }
}

function resumes({ status, headers }: Response, { received }: Part): boolean {
  return status === 206 && (headers.get('content-range') ?? '').startsWith(`bytes ${received}-`)
}

function checkStatus(url: string, { ok, status, statusText }: Response): void {
  if (ok) return
  const text = `the server responded ${status} ${statusText}`.trim()
  if (status === 404 || status === 410) throw new NotFoundError(`${url}: ${text}`)
  if (status < 500 && status !== 408 && status !== 429) throw new FinalError(`${url}: ${text}`)
  throw new Error(text)
}

/** Follows redirects, so that each can be checked. */
async function request(url: string, options: RequestInit): Promise<Response> {
  let place = url
  for (let hop = 0; hop <= redirects; hop += 1) {
    const response = await fetch(place, { ...options, redirect: 'manual' })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) return response
    await response.body?.cancel()
    const next = new URL(location, place)
    if (place.startsWith('https:') && next.protocol !== 'https:') {
      throw new FinalError(`${url} redirects to ${next.origin}, which is not https: others could read it`)
    }
    place = next.href
  }
  throw new FinalError(`${url} redirects more than ${redirects} times`)
}

/** fetch reports every failure as "fetch failed"; its cause has the reason. */
function asUserError(url: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new UserError(`could not download ${url}: ${reason}`, { cause: error })
}
