/** A line of the log. */
export interface LogRecord {
  text: string
  /** ISO 8601. */
  time: string
  /** Of syslog: 3 is an error, 6 information, 7 for debugging. */
  severity: number
  /** Name of the event, if the line is one. */
  event: string | undefined
  /** The line, if it is a JSON object. */
  object: object | undefined
}

const information = 6
/** Lowest level of pino with its severity. */
const levels = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const
const debugging = 7

/** Parses a line: an event, an object as pino writes it, or any text. */
export function readRecord(text: string, now = new Date()): LogRecord {
  const object = parse(text)
  const { time, level, event } = (object ?? {}) as { time?: unknown; level?: unknown; event?: unknown }
  const written = typeof time === 'string' || typeof time === 'number' ? new Date(time) : now
  return {
    text,
    time: (Number.isNaN(written.getTime()) ? now : written).toISOString(),
    severity: typeof level === 'number' ? severityOf(level) : information,
    event: typeof event === 'string' && /^[\x21-\x7e]{1,32}$/.test(event) ? event : undefined,
    object,
  }
}

function severityOf(level: number): number {
  return levels.find(([least]) => level >= least)?.[1] ?? debugging
}

function parse(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
