import { writeSync } from 'node:fs'

export type Stage = 'node' | 'network' | 'app' | 'health' | 'shutdown'

/** Prints one system event. Details hold no secrets: names of settings, never values. */
export type Emit = (stage: Stage, event: string, details?: Record<string, unknown>) => void

const console = 1
const retries = 100
const retryMs = 5

/**
 * Prints one system event as a JSON line on the console, in the form that init prints its own.
 * It is written at once: what a crash was preceded by must not be lost in a buffer.
 */
export const emit: Emit = (stage, event, details) => {
  writeAll(Buffer.from(eventLine({ wallMs: Date.now(), uptime: uptime() }, stage, event, details)))
}

/** The line of an event, with its end. */
export function eventLine(
  at: { wallMs: number; uptime: number },
  stage: Stage,
  event: string,
  details: Record<string, unknown> = {},
): string {
  const time = new Date(at.wallMs).toISOString()
  return `${JSON.stringify({ time, uptime: Number(at.uptime.toFixed(3)), stage, event, ...details })}\n`
}

/** Seconds since the kernel started. */
export function uptime(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds + nanoseconds / 1e9
}

/** The console may be slow, and then not block (the app can have set it so): an event is worth half a second, no more. */
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
