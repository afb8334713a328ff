/** A line of the log, with what can be told about it. */
export interface Record {
  text: string
  /** ISO 8601. */
  time: string
  /** As syslog counts: 3 is an error, 6 information, 7 for debugging. */
  severity: number
  /** Name of the system event, when it is one. */
  event: string | undefined
  /** The line, when it is a JSON object. */
  object: object | undefined
}

const information = 6
/** Least level of pino, and of what follows it, and the severity that it means. */
const levels = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const
const debugging = 7

/** Reads a line: a system event, an object as pino writes it, or any text. */
export function readRecord(text: string, now = new Date()): Record {
  const object = parse(text)
  const { time, level, event } = (object ?? {}) as { time?: unknown; level?: unknown; event?: unknown }
  const said = typeof time === 'string' || typeof time === 'number' ? new Date(time) : now
  return {
    text,
    time: (Number.isNaN(said.getTime()) ? now : said).toISOString(),
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
