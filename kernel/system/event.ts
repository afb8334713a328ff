import { writeSync } from 'node:fs'

export type Stage = 'node' | 'network' | 'app' | 'health' | 'shutdown'

/** Prints one system event. Details hold no secrets: names of settings, never values. */
export type Emit = (stage: Stage, event: string, details?: Record<string, unknown>) => void

const console = 1
const retries = 100
const retryMs = 5

/**
 * Prints one system event as a JSON line on the console, in the form that init prints its own.
 * It is written at once, so that a crash does not lose buffered events.
 */
export const emit: Emit = (stage, event, details) => {
  writeAll(Buffer.from(eventLine({ wallMs: Date.now(), uptime: uptime() }, stage, event, details)))
}

/** Formats the line of an event. */
export function eventLine(
  at: { wallMs: number; uptime: number },
  stage: Stage,
  event: string,
  details: Record<string, unknown> = {},
): string {
  const time = new Date(at.wallMs).toISOString()
  return `${JSON.stringify({ time, uptime: Number(at.uptime.toFixed(3)), stage, event, ...details })}\n`
}

/** Returns the seconds since the kernel started. */
export function uptime(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds + nanoseconds / 1e9
}

/** Retries for half a second if the console is slow and the app has made it non-blocking. */
function writeAll(bytes: Uint8Array): void {
  let written = 0
  for (let retry = 0; written < bytes.length && retry < retries; retry++) {
    try {
      written += writeSync(console, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    }
  }
}
