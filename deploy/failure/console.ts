/** A system event of a machine. */
export type Event = Record<string, unknown> & { event: string }

/** One line of a console: output of the kernel or the app, or a system event. */
export interface Line {
  text: string
  event?: Event
}

/** Splits a console into its lines, and parses system events. */
export function parseConsole(console: string): Line[] {
  return console.split(/\r*\n/).map((text) => {
    const event = eventOf(text)
    return event === undefined ? { text } : { text, event }
  })
}

function eventOf(line: string): Event | undefined {
  const [json] = /\{.*"event":".*\}$/.exec(line) ?? []
  if (json === undefined) return undefined
  try {
    const event = JSON.parse(json) as Event
    return typeof event.event === 'string' ? event : undefined
  } catch {
    return undefined
  }
}

/** Returns the events of some names, in order. */
export function eventsOf(lines: readonly Line[], ...names: string[]): Event[] {
  return lines.flatMap(({ event }) => (event !== undefined && names.includes(event.event) ? event : []))
}

const ends = new Set(['node.exited', 'worker.exited', 'machine.rebooting'])

/** Returns the output, other than events, until Node or a worker ended for the first time. */
export function firstOutput(lines: readonly Line[]): string[] {
  const end = lines.findIndex(({ event }) => event !== undefined && ends.has(event.event))
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .filter(({ event }) => event === undefined)
    .map(({ text }) => text)
}

/** Last line of Node's report of an uncaught exception. */
const uncaughtEnd = /^Node\.js v\d+\./
/** Its first line: `file:///srv/app/index.js:3`. */
const uncaughtStart = /^(?:file:\/\/|\/|node:)\S+:\d+$/
const caret = /^\s*[\^~]+\s*$/
/** How far below the first line the mark of the column is. */
const caretLines = 5
/** `TypeError: x is not a function`, `Error [ERR_X]: …`, a fatal error of V8. */
const errorHead =
  /^(?:Uncaught:? )?(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception)(?: \[\w+\])?(?::|$)|^FATAL ERROR: |^# Fatal error in|^\S*node: bad option|^Uncaught:?$/
const blockLines = 24
const restLines = 12

/**
 * Returns the lines of the first error: the report of an uncaught exception; else everything from the first line that
 * looks like an error; else the last lines.
 */
export function firstError(output: readonly string[]): string[] {
  const end = output.findIndex((line) => uncaughtEnd.test(line))
  if (end >= 0) {
    const start = output.slice(0, end).findLastIndex((line, at) => startsReport(output, line, at))
    const from = start >= 0 ? start : output.findIndex((line) => errorHead.test(line))
    if (from >= 0 && from < end) return clip(output.slice(from, end))
  }
  const head = output.findIndex((line) => errorHead.test(line))
  return clip(head < 0 ? output.slice(-restLines) : output.slice(head))
}

function startsReport(output: readonly string[], line: string, at: number): boolean {
  return (
    uncaughtStart.test(line) && output.slice(at + 1, at + 1 + caretLines).some((each) => caret.test(each))
  )
}

/** Keeps the beginning of long blocks, without the blank lines around it. */
function clip(lines: readonly string[]): string[] {
  const text = lines
    .join('\n')
    .replace(/^(?:\s*\n)+/, '')
    .trimEnd()
  return text === '' ? [] : text.split('\n').slice(0, blockLines)
}

/** Returns the last lines that are not blank. */
export function lastLines(lines: readonly Line[], count: number): string[] {
  return lines
    .map(({ text }) => text)
    .filter((text) => text.trim() !== '')
    .slice(-count)
}

const mostLines = 12
const mostEvents = 8

/** Returns the lines of an error and the first events of some names; the last output if there is neither. */
export function shown(error: readonly string[], lines: readonly Line[], names: readonly string[]): string[] {
  const events = lines.filter(({ event }) => event !== undefined && names.includes(event.event))
  const relevant = [...error, ...events.slice(0, mostEvents).map(({ text }) => text)]
  return relevant.length > 0 ? relevant : lastLines(lines, mostLines)
}
